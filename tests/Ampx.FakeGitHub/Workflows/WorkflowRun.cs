using System.Collections.Immutable;
using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>What happened in a repository that workflows may start on.</summary>
/// <param name="Event"><c>push</c> or <c>pull_request</c>.</param>
/// <param name="Action">The event's kind, e.g. <c>opened</c>.</param>
/// <param name="Sha">The head that the run is listed under.</param>
/// <param name="Ref">GITHUB_REF.</param>
/// <param name="Branch">The head branch.</param>
/// <param name="BaseBranch">The pull request's base.</param>
/// <param name="Login">Who did it.</param>
internal sealed record Trigger(string Event, string? Action, string Sha, string Ref, string Branch, string? BaseBranch, string Login)
{
    /// <summary>The pull request that it happened to.</summary>
    public PullRequest? Pull { get; init; }

    /// <summary>What jobs check out where it isn't <see cref="Sha"/>: a pull request's test merge.</summary>
    public string? CheckoutSha { get; init; }
}

/// <summary>A run of one workflow for one event; its jobs over all attempts.</summary>
public sealed class WorkflowRun
{
    private ImmutableList<Job> jobs = [];
    private TaskCompletionSource completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Larger than 2^32.</summary>
    public long Id { get; } = Ids.Next();

    /// <summary>The check suite around it.</summary>
    public long CheckSuiteId { get; } = Ids.Next();

    /// <summary>The workflow's number.</summary>
    public required long WorkflowId { get; init; }

    /// <summary>Counted per workflow.</summary>
    public required int RunNumber { get; init; }

    /// <summary>The workflow's name.</summary>
    public required string Name { get; init; }

    /// <summary>The workflow's file.</summary>
    public required string Path { get; init; }

    /// <summary><c>push</c>, <c>pull_request</c>, …</summary>
    public required string Event { get; init; }

    /// <summary>The head branch.</summary>
    public required string HeadBranch { get; init; }

    /// <summary>The commit that it judges.</summary>
    public required string HeadSha { get; init; }

    /// <summary>The commit's subject or the pull request's title.</summary>
    public required string DisplayTitle { get; init; }

    /// <summary>Who set it off.</summary>
    public required string Actor { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the current attempt began.</summary>
    public DateTimeOffset RunStartedAt { get; internal set; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset UpdatedAt { get; internal set; }

    /// <summary><c>queued</c>, <c>in_progress</c>, <c>completed</c>; scripted ones also <c>waiting</c>, <c>pending</c>, <c>requested</c>.</summary>
    public string Status { get; internal set; } = "queued";

    /// <summary>How it ended, or null.</summary>
    public string? Conclusion { get; internal set; }

    /// <summary>1, and one more with each rerun.</summary>
    public int RunAttempt { get; internal set; } = 1;

    /// <summary>The pull request that it runs for.</summary>
    public PullRequest? Pull { get; init; }

    /// <summary>All jobs of all attempts.</summary>
    public ImmutableList<Job> Jobs => jobs;

    /// <summary>The latest job of each name.</summary>
    public IReadOnlyList<Job> LatestJobs => [.. jobs.GroupBy(job => job.Name).Select(group => group.MaxBy(job => job.Attempt)!)];

    /// <summary>Ends when the current attempt does.</summary>
    public Task Completed => completed.Task;

    /// <summary>What it really runs; null for a scripted one.</summary>
    internal (WorkflowFile File, Trigger Trigger)? Plan { get; init; }

    /// <summary>What reruns of a scripted run become, in order.</summary>
    internal Queue<RunSpec> Reruns { get; init; } = new();

    /// <summary>Ends its processes.</summary>
    internal CancellationTokenSource Cancellation { get; set; } = new();

    internal void Add(Job job) => ImmutableInterlocked.Update(ref jobs, list => list.Add(job));

    internal void ReplaceJobs(IEnumerable<Job> these) => Volatile.Write(ref jobs, [.. these]);

    internal void NextAttempt(DateTimeOffset now)
    {
        RunAttempt++;
        (Status, Conclusion, RunStartedAt, UpdatedAt) = ("queued", null, now, now);
        Cancellation = new();
        if (completed.Task.IsCompleted) completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal void Complete(string conclusion, DateTimeOffset now)
    {
        (Conclusion, Status, UpdatedAt) = (conclusion, "completed", now);
        completed.TrySetResult();
    }
}
