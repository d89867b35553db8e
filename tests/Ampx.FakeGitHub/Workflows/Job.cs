using System.Collections.Immutable;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>One line in a job's list of steps.</summary>
public sealed class Step
{
    /// <summary>From 1; gaps are normal.</summary>
    public required int Number { get; init; }

    /// <summary>As shown.</summary>
    public required string Name { get; init; }

    /// <summary><c>queued</c>, <c>in_progress</c>, <c>completed</c>.</summary>
    public string Status { get; internal set; } = "queued";

    /// <summary>How it ended, or null.</summary>
    public string? Conclusion { get; internal set; }

    /// <summary>When it began.</summary>
    public DateTimeOffset? StartedAt { get; internal set; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? CompletedAt { get; internal set; }
}

/// <summary>One job of one attempt.</summary>
public sealed class Job
{
    /// <summary>Larger than 2^32.</summary>
    public long Id { get; } = Ids.Next();

    /// <summary>As shown, with the matrix in brackets.</summary>
    public required string Name { get; init; }

    /// <summary>The attempt that ran it.</summary>
    public required int Attempt { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; internal set; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? CompletedAt { get; internal set; }

    /// <summary><c>queued</c>, <c>in_progress</c>, <c>completed</c>.</summary>
    public string Status { get; internal set; } = "queued";

    /// <summary>How it ended, or null.</summary>
    public string? Conclusion { get; internal set; }

    /// <summary>The machine that ran it; null before, and for one that never got a runner.</summary>
    public string? RunnerName { get; internal set; }

    /// <summary>Its steps.</summary>
    public ImmutableList<Step> Steps { get; internal set; } = [];

    /// <summary>Its output; null: there is none (a skipped job, a lost runner).</summary>
    public JobLog? Log { get; internal set; }

    /// <summary>Why it ended, in GitHub's words.</summary>
    public ImmutableList<string> Annotations { get; internal set; } = [];

    /// <summary>The log was deleted by age: 410.</summary>
    public bool LogExpired { get; set; }

    internal void Begin(DateTimeOffset now) => (Status, StartedAt, RunnerName) = ("in_progress", now, "GitHub Actions 1");

    internal void Complete(string conclusion, DateTimeOffset now)
    {
        (Conclusion, CompletedAt, Status) = (conclusion, now, "completed");
        if (StartedAt == default) StartedAt = now;
    }
}
