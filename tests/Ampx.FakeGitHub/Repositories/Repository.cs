using System.Collections.Concurrent;
using System.Collections.Immutable;
using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub.Repositories;

/// <summary>A repository: a bare one on disk and what GitHub knows around it.</summary>
public sealed class Repository
{
    private ImmutableList<Issue> issues = [];
    private ImmutableList<WorkflowRun> runs = [];
    private int lastNumber;

    internal Repository(string owner, string name, string folder, DateTimeOffset now)
    {
        (Owner, Name, CreatedAt) = (owner, name, now);
        Git = new(folder);
        Rules = new(Git);
    }

    /// <summary>Larger than 2^32.</summary>
    public long Id { get; } = Ids.Next();

    /// <summary>Who owns it.</summary>
    public string Owner { get; internal set; }

    /// <summary>Its name, without the owner.</summary>
    public string Name { get; internal set; }

    /// <summary><c>owner/name</c>.</summary>
    public string FullName => $"{Owner}/{Name}";

    /// <summary>Git in the bare repository.</summary>
    public BareGit Git { get; }

    /// <summary>What a push may be refused for.</summary>
    public PushRules Rules { get; }

    /// <summary>Settings that a test may turn at any time.</summary>
    public RepositorySettings Settings { get; set; } = new();

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; }

    /// <summary>When it was last pushed to.</summary>
    public DateTimeOffset? PushedAt { get; internal set; }

    /// <summary>Issues and pull requests, oldest first.</summary>
    public ImmutableList<Issue> Issues => issues;

    /// <summary>Pull requests, oldest first.</summary>
    public IEnumerable<PullRequest> Pulls => issues.OfType<PullRequest>();

    /// <summary>Workflow runs, oldest first.</summary>
    public ImmutableList<WorkflowRun> Runs => runs;

    /// <summary>Fixed runs that take the place of real ones.</summary>
    internal ConcurrentQueue<RunScript> Scripts { get; } = new();

    /// <summary>Numbers of workflows by path.</summary>
    internal ConcurrentDictionary<string, long> WorkflowIds { get; } = new();

    /// <summary>Held while refs change, so that one push is told from another.</summary>
    internal SemaphoreSlim Changing { get; } = new(1, 1);

    /// <summary>Held while a pull request is opened or merged.</summary>
    internal SemaphoreSlim Pulling { get; } = new(1, 1);

    /// <summary>The number that the next issue or pull request gets.</summary>
    internal int NextNumber() => Interlocked.Increment(ref lastNumber);

    internal void Add(Issue issue) => ImmutableInterlocked.Update(ref issues, list => list.Add(issue));

    internal void Add(WorkflowRun run) => ImmutableInterlocked.Update(ref runs, list => list.Add(run));

    internal PullRequest? Pull(int number) => Pulls.FirstOrDefault(pull => pull.Number == number);
}

/// <summary>What an owner sets in a repository's settings page.</summary>
public sealed record RepositorySettings
{
    /// <summary>Refused without a token, and hidden from one that can't see it.</summary>
    public bool Private { get; init; } = true;

    /// <summary>The branch that pull requests go to.</summary>
    public string DefaultBranch { get; init; } = "main";

    /// <summary>Merge commits.</summary>
    public bool AllowMergeCommit { get; init; } = true;

    /// <summary>Squash merges.</summary>
    public bool AllowSquashMerge { get; init; } = true;

    /// <summary>Rebase merges.</summary>
    public bool AllowRebaseMerge { get; init; } = true;

    /// <summary>Auto-merge may be armed.</summary>
    public bool AllowAutoMerge { get; init; } = true;

    /// <summary>Draft pull requests; some plans have none.</summary>
    public bool AllowDrafts { get; init; } = true;

    /// <summary>The head branch goes with the merge.</summary>
    public bool DeleteBranchOnMerge { get; init; }

    /// <summary>Job names that must be green at the head before a merge.</summary>
    public IReadOnlyList<string> RequiredChecks { get; init; } = [];

    /// <summary>Approving reviews that a merge needs; with it (or a required check) the base branch counts as protected.</summary>
    public int RequiredApprovals { get; init; }

    /// <summary>Workflows run.</summary>
    public bool ActionsEnabled { get; init; } = true;
}
