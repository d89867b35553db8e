using System.Collections.Concurrent;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Control;
using Ampx.FakeGitHub.Repositories;
using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub;

/// <summary>Everything that one fake GitHub knows; what tests arrange and look at. The endpoints are views of it.</summary>
public sealed class Site : IAsyncDisposable
{
    private readonly bool ownsRoot;

    internal Site(FakeGitHubOptions options)
    {
        ownsRoot = options.Root is null;
        Root = options.Root ?? Directory.CreateTempSubdirectory("fake-github-").FullName;
        Directory.CreateDirectory(Root);
        Time = options.Time;
        Tokens = new(this);
        Apps = new(this);
        Repositories = new(this);
        Pushes = new(this);
        Webhooks = new(this);
        Actions = new(this, options.ParallelJobs);
        Requests = new();
        Faults = new();
    }

    /// <summary>The folder that holds it all.</summary>
    public string Root { get; }

    /// <summary>The API's base, e.g. <c>http://127.0.0.1:4711/api/v3/</c>; known once the server listens.</summary>
    public string ApiUrl { get; internal set; } = "";

    /// <summary>The web (and git) base, e.g. <c>http://127.0.0.1:4711/</c>.</summary>
    public string WebUrl { get; internal set; } = "";

    /// <summary>The port that it listens on.</summary>
    public int Port { get; internal set; }

    /// <summary>Who may do what.</summary>
    public AccessTokens Tokens { get; }

    /// <summary>GitHub Apps and their installation tokens.</summary>
    public GitHubApps Apps { get; }

    /// <summary>The repositories.</summary>
    public RepositoryStore Repositories { get; }

    /// <summary>What was pushed.</summary>
    public PushDesk Pushes { get; }

    /// <summary>Workflow runs, real and scripted.</summary>
    public WorkflowEngine Actions { get; }

    /// <summary>Deliveries to those who listen.</summary>
    public Webhooks Webhooks { get; }

    /// <summary>Failures to come.</summary>
    public Faults Faults { get; }

    /// <summary>Calls that came.</summary>
    public RequestLog Requests { get; }

    /// <summary>What went wrong in the fake itself; a test may want to see that it is empty.</summary>
    public ConcurrentQueue<Exception> Errors { get; } = new();

    /// <summary>Links to job logs by signature: the job, and until when.</summary>
    internal ConcurrentDictionary<string, (long Job, DateTimeOffset Until)> LogLinks { get; } = new();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    internal DateTimeOffset Now => Time.GetUtcNow();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Actions.DisposeAsync();
        await Webhooks.DisposeAsync();
        if (ownsRoot && Directory.Exists(Root)) Folders.Delete(Root);
    }
}
