using Ampx.Core.Tasks;

namespace Ampx.Silo.Storage;

/// <summary>What wake grains, queue and workers ask of the index. Reads what is committed; wakes nobody.</summary>
public interface ITaskRows
{
    /// <summary>Tasks of a shard whose time has come, longest overdue first.</summary>
    Task<IReadOnlyList<DueTask>> Due(int shard, DateTimeOffset now, int limit, CancellationToken cancel);

    /// <summary>When the shard's next task after <paramref name="now"/> is due; null if none is.</summary>
    Task<DateTimeOffset?> NextDue(int shard, DateTimeOffset now, CancellationToken cancel);

    /// <summary>Tasks of a shard in any of these phases.</summary>
    Task<IReadOnlyList<PhaseRow>> InPhases(int shard, IReadOnlyCollection<Phase> phases, CancellationToken cancel);

    /// <summary>Every task that needs a worker's slot, longest waiting first: for its agent, or for the CI command of a plain git repository.</summary>
    Task<IReadOnlyList<WaitingRun>> WaitingForWorker(CancellationToken cancel);

    /// <summary>The same tasks, as little of them as tells whether a queue has forgotten one.</summary>
    Task<IReadOnlyList<WaitingStep>> StepsWaitingForWorker(CancellationToken cancel);

    /// <summary>The runs that a worker has claimed.</summary>
    Task<IReadOnlyList<ClaimedRun>> RunsOf(string workerId, CancellationToken cancel);

    /// <summary>The runs that any worker has claimed.</summary>
    Task<IReadOnlyList<ClaimedRun>> AllRuns(CancellationToken cancel);

    /// <summary>The repositories, as the tasks have them, where tasks wait for their forge's CI.</summary>
    Task<IReadOnlyList<string>> ReposWaitingForCi(CancellationToken cancel);

    /// <summary>Tasks that wait for their forge's CI in any of these repositories, as the tasks have them.</summary>
    Task<IReadOnlyList<WaitingForCi>> WaitingForCi(IReadOnlyCollection<string> repos, CancellationToken cancel);

    /// <summary>These tasks as they are stored.</summary>
    Task<IReadOnlyList<TaskState>> States(IReadOnlyCollection<string> taskIds, CancellationToken cancel);

    /// <summary>Pull requests that tasks are to hear of: those with an armed auto-merge and, unless <paramref name="armedOnly"/>, those of tasks that wait for CI.</summary>
    Task<IReadOnlyList<AwaitedPullRequest>> PullRequestsAwaited(bool armedOnly, CancellationToken cancel);

    /// <summary>Ended tasks that finished before a time, oldest first.</summary>
    Task<IReadOnlyList<string>> EndedBefore(DateTimeOffset time, int limit, CancellationToken cancel);
}

/// <summary>A task to look at. <see cref="NextWakeAt"/> is in whole milliseconds, rounded up.</summary>
public sealed record DueTask(string TaskId, Phase Phase, DateTimeOffset NextWakeAt);

/// <summary>A task in a phase.</summary>
public sealed record PhaseRow(string TaskId, Phase Phase, int Step, DateTimeOffset UpdatedAt);

/// <summary>A step that waits for a worker.</summary>
public sealed record WaitingStep(string TaskId, int Step, RunKind Kind);

/// <summary>A task that waits for a worker; <see cref="Since"/> is when it began to, <see cref="LastWorker"/> who may have its tree.</summary>
public sealed record WaitingRun(string TaskId, string Owner, string Repo, int Step, RunKind Kind, DateTimeOffset CreatedAt, DateTimeOffset Since, string Agent, string? LastWorker);

/// <summary>A run that a worker has claimed.</summary>
public sealed record ClaimedRun(string TaskId, string RunId, string WorkerId, RunKind Kind, Phase Phase, int Step, string Owner, string Repo);

/// <summary>A task that waits for CI on <see cref="HeadSha"/>; <see cref="CiSince"/> is when CI last got something new to judge.</summary>
public sealed record WaitingForCi(string TaskId, string Repo, string? HeadSha, int Step, DateTimeOffset? CiSince);

/// <summary>A task's pull request that somebody else may change.</summary>
public sealed record AwaitedPullRequest(string TaskId, string Repo, int Step, int Number);
