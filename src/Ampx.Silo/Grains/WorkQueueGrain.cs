using System.Collections.Immutable;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;
using Ampx.Silo.Workers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Ampx.Silo.Grains;

/// <summary>
/// In memory only: it fills itself from the index, and looks there again for offers that got lost between silos. <c>PerRepo</c> is held by counting the
/// runs known here, those of the whole cluster. Two queues, for as long as a partition has two, each count what they have heard of: the claim
/// still gives each task to one worker only, but a repository may have more agents than <c>PerRepo</c> until the partition ends. So may one
/// whose queue moved between an offer and its claim, by that one.
/// </summary>
[Reentrant]
public sealed partial class WorkQueueGrain(
    ITaskRows rows, WorkerTable table, LeaseRules leases, ForgeDesk desk, TimeProvider clock, IOptionsMonitor<WorkerOptions> options, ILogger<WorkQueueGrain> log)
    : Grain, IWorkQueueGrain, IQueueGrain
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(2);

    /// <summary>From an offer to its claim.</summary>
    private static readonly TimeSpan ClaimPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);

    /// <summary>Between two looks at the index.</summary>
    private static readonly TimeSpan LooksApart = TimeSpan.FromSeconds(10);

    private readonly FairQueue queue = new();
    private readonly KnownWorkers workers = new(clock, options, leases);
    private readonly Dictionary<string, Watched> watched = [];
    private readonly Dictionary<string, (QueueEntry Entry, string Worker, long Since)> offered = [];
    private readonly List<(string Worker, RunKind Kind, TaskCompletionSource<QueueEntry?> Answer)> takers = [];
    private long lastTick, lastRead;

    /// <param name="Run">A task counts on it.</param>
    /// <param name="LastBeat">When its worker last said here that it holds it, or when the task first spoke of it. In a cluster the workers' own signs of life count beside it.</param>
    /// <param name="Missed">The worker's last beat lacked it.</param>
    private sealed record Watched(HeldRun Run, long LastBeat, bool Missed = false);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var now = lastTick = lastRead = clock.GetTimestamp();
        foreach (var run in await rows.AllRuns(cancellationToken)) watched[run.RunId] = new Watched(new HeldRun(run.TaskId, run.Repo, new RunClaim(run.RunId, run.WorkerId, run.Kind)), now);
        foreach (var task in await rows.WaitingForWorker(cancellationToken)) Add(EntryOf(task));
        this.RegisterGrainTimer(LookForLost, new GrainTimerCreationOptions(Tick, Tick) { KeepAlive = true, Interleave = true });
    }

    public Task Offer(QueueEntry entry)
    {
        Add(entry);
        Serve();
        return Task.CompletedTask;
    }

    public Task Withdraw(string taskId, int step)
    {
        queue.Remove(taskId, step);
        workers.Forget(taskId);
        return Task.CompletedTask;
    }

    public async Task<QueueEntry?> Take(string workerId, RunKind kind, CancellationToken cancel)
    {
        // A worker asks once at a time for each kind: an earlier question is one that it has given up, whose word of that hasn't come yet. What it were given would be lost for a while.
        foreach (var earlier in takers.Where(taker => taker.Worker == workerId && taker.Kind == kind)) earlier.Answer.TrySetResult(null);
        if (Next(workerId, kind) is { } entry) return entry;
        var answer = new TaskCompletionSource<QueueEntry?>(TaskCreationOptions.RunContinuationsAsynchronously);
        takers.Add((workerId, kind, answer));
        // No timer of the grain: a queue that is to end (a silo's death took its place in the directory, its own silo stops) takes no more of these, and yet waits for this call,
        // for half a minute in which nobody is answered.
        using var timer = clock.CreateTimer(_ => answer.TrySetResult(null), null, LongPoll, Timeout.InfiniteTimeSpan);
        // A worker that stops takes its question back: it must not hold up the silo's own stop, nor swallow an entry.
        using var taken = cancel.Register(() => answer.TrySetResult(null));
        try
        {
            return await answer.Task;
        }
        finally
        {
            takers.RemoveAll(taker => taker.Answer == answer);
        }
    }

    public Task Decline(QueueEntry entry, string runId)
    {
        if (offered.TryGetValue(entry.TaskId, out var offer) && offer.Entry == entry) offered.Remove(entry.TaskId);
        watched.Remove(runId);
        Serve();
        return Task.CompletedTask;
    }

    public Task Follow(HeldRun run, int step)
    {
        if (offered.TryGetValue(run.TaskId, out var offer) && offer.Entry.Step <= step) offered.Remove(run.TaskId);
        queue.Remove(run.TaskId, step);
        watched.TryAdd(run.Run.RunId, new Watched(run, clock.GetTimestamp()));
        return Task.CompletedTask;
    }

    public Task LetGo(HeldRun run)
    {
        MakeSure(run);
        Serve();
        return Task.CompletedTask;
    }

    public Task<BeatAnswer> Beat(string workerId, IReadOnlyList<HeldRun> runs, WorkerReport? report = null)
    {
        var now = clock.GetTimestamp();
        if (report is not null) workers.Heard(workerId, report);
        // In a cluster a beat proves only that this queue can be reached, and there may be another one: what is written where all see it counts.
        foreach (var run in runs)
            watched[run.Run.RunId] = new Watched(run, leases.IsOn && watched.TryGetValue(run.Run.RunId, out var known) ? known.LastBeat : now);
        var kept = runs.Select(run => run.Run.RunId).ToHashSet();
        foreach (var run in watched.Values.Where(run => run.Run.Run.WorkerId == workerId && !kept.Contains(run.Run.Run.RunId)).ToList())
        {
            // Claimed while this beat was on its way, perhaps. The next one sets out only now: it has the run, or the run is lost.
            if (run.Missed) MakeSure(run.Run);
            else watched[run.Run.Run.RunId] = run with { Missed = true };
        }

        Serve();
        return Task.FromResult(new BeatAnswer(workers.IsDraining(workerId)));
    }

    public Task<IReadOnlyList<WorkerInfo>> Workers() => Task.FromResult(workers.Here);

    Task<ImmutableArray<string>> IWorkQueueGrain.Watched() => Task.FromResult(watched.Keys.ToImmutableArray());

    public Task<ImmutableDictionary<string, int>> PositionsOf(ImmutableArray<string> taskIds) => Task.FromResult(taskIds
        .Select(id => (Id: id, Place: queue.PositionOf(id))).Where(task => task.Place is not null).ToImmutableDictionary(task => task.Id, task => task.Place!.Value));

    public Task<QueueOverview> Overview() => Task.FromResult(new QueueOverview(
        new(queue.Count, queue.CountOf(RunKind.Agent), queue.CountOf(RunKind.Ci)),
        [.. workers.Here.Select(worker => new WorkerView(worker.Id, worker.Report.Slots, worker.Report.Busy, worker.Draining, workers.LastSeen(worker.Id)))]));

    public Task<WorkerDrain?> Drain(string worker) => Task.FromResult(workers.Drain(worker) ? new WorkerDrain(worker, true, RunningOn(worker)) : null);

    /// <summary>With what it took and has not claimed yet: that may become a run.</summary>
    private int RunningOn(string worker) => watched.Values.Where(run => run.Run.Run.WorkerId == worker).Select(run => run.Run.TaskId)
        .Concat(offered.Values.Where(offer => offer.Worker == worker).Select(offer => offer.Entry.TaskId)).Distinct().Count();

    private static QueueEntry EntryOf(WaitingRun task) => task.Kind is RunKind.Agent
        ? new(task.TaskId, task.Owner, task.Repo, task.Step, task.Kind, task.Agent, task.LastWorker)
        : new(task.TaskId, task.Owner, task.Repo, task.Step, task.Kind);

    private void Add(QueueEntry entry)
    {
        queue.Add(entry);
        workers.Expect(entry);
    }

    private QueueEntry? Next(string workerId, RunKind kind)
    {
        if (workers.IsDraining(workerId)) return null;
        var full = kind is RunKind.Agent && options.CurrentValue.PerRepo is > 0 and var limit ? FullRepos(limit) : [];
        var entry = queue.Take(kind, repo => full.Count > 0 && full.Contains(desk.KeyOf(repo)), waiting => workers.MayHave(workerId, waiting));
        if (entry is null) return null;
        workers.Forget(entry.TaskId);
        offered[entry.TaskId] = (entry, workerId, clock.GetTimestamp());
        return entry;
    }

    /// <summary>Repositories with no room for another agent. A task that is offered and claimed at once counts once.</summary>
    private HashSet<string> FullRepos(int limit)
    {
        var running = watched.Values.Where(run => run.Run.Run.Kind is RunKind.Agent).Select(run => (run.Run.TaskId, run.Run.Repo));
        var starting = offered.Values.Where(offer => offer.Entry.Kind is RunKind.Agent).Select(offer => (offer.Entry.TaskId, offer.Entry.Repo));
        return [.. running.Concat(starting).Distinct().GroupBy(task => desk.KeyOf(task.Repo)).Where(tasks => tasks.Count() >= limit).Select(tasks => tasks.Key)];
    }

    private void Serve()
    {
        foreach (var (worker, kind, answer) in takers.ToList())
        {
            if (answer.Task.IsCompleted || Next(worker, kind) is not { } entry) continue;
            if (answer.TrySetResult(entry)) continue;
            offered.Remove(entry.TaskId);
            queue.Add(entry);
        }
    }

    private async Task LookForLost(CancellationToken cancel)
    {
        var now = clock.GetTimestamp();
        // A process that was stopped and thawed finds everybody silent: it was itself that didn't listen.
        if (clock.GetElapsedTime(lastTick, now) > Tick * 3)
        {
            foreach (var run in watched.Values.ToList()) watched[run.Run.Run.RunId] = run with { LastBeat = now };
            workers.Forgive();
        }

        lastTick = now;
        if (await SeeSignsOfLife(cancel))
        {
            foreach (var run in watched.Values.Where(run => workers.IsSilent(run.Run.Run.WorkerId, run.LastBeat, now)).ToList()) MakeSure(run.Run);
        }

        foreach (var (task, offer) in offered.Where(offer => clock.GetElapsedTime(offer.Value.Since, now) > ClaimPatience).ToList())
        {
            // Whoever took it said nothing more of it. If it was claimed after all, the next claim is declined.
            offered.Remove(task);
            queue.Add(offer.Entry);
        }

        if (clock.GetElapsedTime(lastRead, now) > LooksApart) await LookForForgotten(cancel);
        Serve();
    }

    /// <summary>A task whose offer went to a queue that had just died would stand until its safety date.</summary>
    private async Task LookForForgotten(CancellationToken cancel)
    {
        try
        {
            var forgotten = (await rows.StepsWaitingForWorker(cancel)).Where(task => !IsKnown(task)).Select(task => task.TaskId).ToHashSet();
            if (forgotten.Count > 0)
                foreach (var task in (await rows.WaitingForWorker(cancel)).Where(task => forgotten.Contains(task.TaskId))) Add(EntryOf(task));
            lastRead = clock.GetTimestamp();
        }
        catch (Exception unread) when (!cancel.IsCancellationRequested)
        {
            LogNotLookedFor(unread);
        }
    }

    private bool IsKnown(WaitingStep task) =>
        queue.Has(task.TaskId, task.Kind, task.Step) || (offered.TryGetValue(task.TaskId, out var offer) && offer.Entry.Kind == task.Kind && offer.Entry.Step >= task.Step);

    /// <summary>False while they can't be read: nobody is lost for that.</summary>
    private async Task<bool> SeeSignsOfLife(CancellationToken cancel)
    {
        if (!leases.IsOn) return true;
        try
        {
            workers.See(await table.All(cancel));
            foreach (var gone in workers.LongGone) await table.Remove(gone, cancel);
            return true;
        }
        catch (Exception unread) when (!cancel.IsCancellationRequested)
        {
            LogUnread(unread);
            return false;
        }
    }

    /// <summary>A run that nobody holds any more: if the task still counts on it, it is told.</summary>
    private void MakeSure(HeldRun run)
    {
        if (watched.Remove(run.Run.RunId, out var known)) TellIfLost(known).Ignore();
        else TellIfLost(new Watched(run, clock.GetTimestamp(), Missed: true)).Ignore();
    }

    private async Task TellIfLost(Watched lost)
    {
        var run = lost.Run;
        try
        {
            var task = GrainFactory.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(run.TaskId));
            if (await task.Find() is { } state && state.Run?.RunId == run.Run.RunId)
                await task.Tell(new WorkerLost($"{run.Run.WorkerId} no longer holds run {run.Run.RunId}"), state.Step);
        }
        catch (Exception unheard)
        {
            // Its silo may have died with the worker, and is found again in a while.
            LogNotTold(run.TaskId, unheard);
            watched.TryAdd(run.Run.RunId, lost);
        }
    }

    [LoggerMessage(LogLevel.Warning, "task {Task}: couldn't be told that its worker is lost; trying again")]
    private partial void LogNotTold(string task, Exception exception);

    [LoggerMessage(LogLevel.Warning, "the index can't be read for tasks whose offer was lost; trying again")]
    private partial void LogNotLookedFor(Exception exception);

    [LoggerMessage(LogLevel.Warning, "the workers' signs of life can't be read; nobody is given up meanwhile")]
    private partial void LogUnread(Exception exception);
}
