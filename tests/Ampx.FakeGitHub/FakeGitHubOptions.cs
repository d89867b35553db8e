using Ampx.FakeGitHub.Rest;

namespace Ampx.FakeGitHub;

/// <summary>How a <see cref="FakeGitHubServer"/> starts.</summary>
public sealed record FakeGitHubOptions
{
    /// <summary>The port on 127.0.0.1; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Where bare repositories and job folders live; null makes a temporary folder that goes with the server.</summary>
    public string? Root { get; init; }

    /// <summary>Workflow jobs that run at once.</summary>
    public int ParallelJobs { get; init; } = 2;

    /// <summary>Sees every call to the API with its answer; null: nobody does.</summary>
    public Action<Exchange>? Observe { get; init; }

    /// <summary>The clock that dates everything; processes and sockets live in real time all the same.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
