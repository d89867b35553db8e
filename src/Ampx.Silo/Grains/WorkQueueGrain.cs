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
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);

    /// <summary>Between two looks at the index.</summary>
    private static readonly TimeSpan LooksApart = TimeSpan.FromSeconds(10);

    private readonly FairQueue queue = new();
    private readonly KnownWorkers workers = new(clock, options, leases);
    private readonly HeldRuns held = new(clock, leases);
    private readonly Offers offers = new(clock);
    private readonly WaitingWorkers takers = new(clock);
    private long lastTick, lastRead;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        lastTick = lastRead = clock.GetTimestamp();
        foreach (var run in await rows.AllRuns(cancellationToken)) held.Add(new HeldRun(run.TaskId, run.Repo, new RunClaim(run.RunId, run.WorkerId, run.Kind)));
        foreach (var task in await rows.WaitingForWorker(cancellationToken)) Add(QueueEntry.Of(task));
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
        takers.Dismiss(workerId, kind);
        return Next(workerId, kind) ?? await takers.Wait(workerId, kind, cancel);
    }

    public Task Decline(QueueEntry entry, string runId)
    {
        offers.TakeBack(entry);
        held.Remove(runId);
        Serve();
        return Task.CompletedTask;
    }

    public Task Follow(HeldRun run, int step)
    {
        offers.Reached(run.TaskId, step);
        queue.Remove(run.TaskId, step);
        held.Add(run);
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
        if (report is not null) workers.Heard(workerId, report);
        foreach (var lost in held.Beat(workerId, runs)) MakeSure(lost);
        Serve();
        return Task.FromResult(new BeatAnswer(workers.IsDraining(workerId)));
    }

    private void Add(QueueEntry entry)
    {
        queue.Add(entry);
        workers.Expect(entry);
    }

    private QueueEntry? Next(string workerId, RunKind kind)
    {
        if (workers.IsDraining(workerId)) return null;
        var full = kind is RunKind.Agent && options.CurrentValue.PerRepo is > 0 and var limit ? FullRepos(limit) : [];
        if (queue.Take(kind, repo => full.Count > 0 && full.Contains(desk.KeyOf(repo)), waiting => workers.MayHave(workerId, waiting)) is not { } entry) return null;
        workers.Forget(entry.TaskId);
        offers.Make(entry, workerId);
        return entry;
    }

    /// <summary>Repositories with no room for another agent. A task that is offered and claimed at once counts once.</summary>
    private HashSet<string> FullRepos(int limit)
    {
        var running = held.All.Where(run => run.Run.Kind is RunKind.Agent).Select(run => (run.TaskId, run.Repo));
        var starting = offers.All.Where(entry => entry.Kind is RunKind.Agent).Select(entry => (entry.TaskId, entry.Repo));
        return [.. running.Concat(starting).Distinct().GroupBy(task => desk.KeyOf(task.Repo)).Where(tasks => tasks.Count() >= limit).Select(tasks => tasks.Key)];
    }

    private void Serve() => takers.Serve(Next, entry =>
    {
        offers.TakeBack(entry);
        queue.Add(entry);
    });

    private async Task LookForLost(CancellationToken cancel)
    {
        var now = clock.GetTimestamp();
        // A process that was stopped and thawed finds everybody silent: it was itself that didn't listen.
        if (clock.GetElapsedTime(lastTick, now) > Tick * 3)
        {
            held.Forgive();
            workers.Forgive();
        }

        lastTick = now;
        if (await SeeSignsOfLife(cancel))
            foreach (var lost in held.Silent(workers, now)) MakeSure(lost);
        foreach (var entry in offers.TakeOverdue()) queue.Add(entry);
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
                foreach (var task in (await rows.WaitingForWorker(cancel)).Where(task => forgotten.Contains(task.TaskId))) Add(QueueEntry.Of(task));
            lastRead = clock.GetTimestamp();
        }
        catch (Exception unread) when (!cancel.IsCancellationRequested)
        {
            LogNotLookedFor(unread);
        }
    }

    private bool IsKnown(WaitingStep task) => queue.Has(task.TaskId, task.Kind, task.Step) || offers.Has(task.TaskId, task.Kind, task.Step);

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
    private void MakeSure(HeldRun run) => TellIfLost(held.Take(run)).Ignore();

    private async Task TellIfLost(WatchedRun lost)
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
            held.PutBack(lost);
        }
    }
}
