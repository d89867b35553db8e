using System.Collections.Immutable;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Orleans.Concurrency;

namespace Ampx.Silo.Grains;

/// <summary>The one queue, key 0. It only offers: a run starts when its task has accepted the worker's claim.</summary>
[Alias("ampx.work-queue")]
public interface IWorkQueueGrain : IGrainWithIntegerKey
{
    /// <summary>A task wants a slot. Offered again it stays once, with the newest step.</summary>
    [Alias("Offer")]
    Task Offer(QueueEntry entry);

    /// <summary>The task wants no slot any more, as of <paramref name="step"/>. A hint: without it the task declines the claim that is made for it.</summary>
    [Alias("Withdraw")]
    Task Withdraw(string taskId, int step);

    /// <summary>The next task for a free slot of <paramref name="kind"/>; waits for one for a few seconds, else null.</summary>
    [Alias("Take")]
    Task<QueueEntry?> Take(string workerId, RunKind kind, CancellationToken cancel);

    /// <summary>The task didn't take the claim that <paramref name="entry"/> led to: nobody else needs to try.</summary>
    [Alias("Decline")]
    Task Decline(QueueEntry entry, string runId);

    /// <summary>A task says which run it is in since <paramref name="step"/>: the queue tells it if that run's worker falls silent.</summary>
    [Alias("Follow")]
    Task Follow(HeldRun run, int step);

    /// <summary>The worker has let go of the run: a task that still counts on it is told, and its room in the repository is free.</summary>
    [Alias("LetGo")]
    Task LetGo(HeldRun run);

    /// <summary>The worker lives and holds exactly these runs. A later report replaces the earlier one; none leaves it.</summary>
    [Alias("Beat")]
    Task<BeatAnswer> Beat(string workerId, IReadOnlyList<HeldRun> runs, WorkerReport? report = null);

    /// <summary>The workers that were heard of lately.</summary>
    [Alias("Workers")]
    Task<IReadOnlyList<WorkerInfo>> Workers();

    /// <summary>The runs, by id, whose tasks the queue tells when nobody can hold them any more.</summary>
    [Alias("Watched")]
    Task<ImmutableArray<string>> Watched();
}

/// <summary>A task that wants a slot.</summary>
/// <param name="Agent">Only workers that have it ready are asked, if there are any; null: any will do.</param>
/// <param name="Prefer">The worker that may have the task's tree.</param>
[GenerateSerializer, Immutable, Alias("ampx.queue-entry.v1")]
public sealed record QueueEntry(string TaskId, string Owner, string Repo, int Step, RunKind Kind, string? Agent = null, string? Prefer = null)
{
    /// <summary>A CI command needs no agent and no tree: any worker will do.</summary>
    public static QueueEntry Of(WaitingRun task) => task.Kind is RunKind.Agent
        ? new(task.TaskId, task.Owner, task.Repo, task.Step, task.Kind, task.Agent, task.LastWorker)
        : new(task.TaskId, task.Owner, task.Repo, task.Step, task.Kind);

    /// <inheritdoc cref="Of(WaitingRun)"/>
    public static QueueEntry Of(TaskState task, RunKind kind) => kind is RunKind.Agent
        ? new(task.Id, task.Owner, task.Repo, task.Step, kind, task.Agent, task.LastWorker)
        : new(task.Id, task.Owner, task.Repo, task.Step, kind);
}

/// <summary>What a worker is able to do.</summary>
/// <param name="Busy">Agents at work.</param>
/// <param name="Draining">It was told to take no new run: a queue that has just begun learns it here.</param>
/// <param name="Start">Another one after each restart of the worker, which ends its draining.</param>
[GenerateSerializer, Immutable, Alias("ampx.worker-report.v1")]
public sealed record WorkerReport(int Slots, int Busy, ImmutableArray<AgentReport> Agents, bool Draining = false, string? Start = null);

/// <summary>What the queue tells a worker. <see cref="Draining"/>: take nothing more, until you restart.</summary>
[GenerateSerializer, Immutable, Alias("ampx.beat-answer.v1")]
public sealed record BeatAnswer(bool Draining);

/// <summary>An agent that a worker's settings name. <see cref="Unready"/>: why no run of it can begin there.</summary>
[GenerateSerializer, Immutable, Alias("ampx.agent-report.v1")]
public sealed record AgentReport(string Name, TaskError? Unready);

/// <summary>A worker as the queue knows it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.worker-info.v1")]
public sealed record WorkerInfo(string Id, WorkerReport Report, bool Draining = false);

/// <summary>A run and the task that it is for.</summary>
[GenerateSerializer, Immutable, Alias("ampx.held-run.v1")]
public sealed record HeldRun(string TaskId, string Repo, RunClaim Run);
