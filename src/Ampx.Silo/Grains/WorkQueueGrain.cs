using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;
using Ampx.Silo.Workers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Ampx.Silo.Grains;

/// <summary>In memory only: it fills itself from the index, and every task that it forgets offers itself again.</summary>
[Reentrant]
public sealed partial class WorkQueueGrain(
    ITaskRows rows, ForgeDesk desk, TimeProvider clock, IOptionsMonitor<WorkerOptions> options, ILogger<WorkQueueGrain> log) : Grain, IWorkQueueGrain
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);

    private readonly FairQueue queue = new();
    private readonly Dictionary<string, Watched> watched = [];
    private readonly Dictionary<string, (QueueEntry Entry, long Since)> offered = [];
    private readonly List<(RunKind Kind, TaskCompletionSource<QueueEntry?> Answer)> takers = [];
    private long lastTick;

    /// <param name="Run">A task counts on it.</param>
    /// <param name="LastBeat">When its worker last said that it holds it, or when the task first spoke of it.</param>
    /// <param name="Missed">The worker's last beat lacked it.</param>
    private sealed record Watched(HeldRun Run, long LastBeat, bool Missed = false);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var now = lastTick = clock.GetTimestamp();
        foreach (var run in await rows.AllRuns(cancellationToken)) watched[run.RunId] = new Watched(new HeldRun(run.TaskId, run.Repo, new RunClaim(run.RunId, run.WorkerId, run.Kind)), now);
        foreach (var task in await rows.WaitingForWorker(cancellationToken)) queue.Add(new QueueEntry(task.TaskId, task.Owner, task.Repo, task.Step, task.Kind));
        this.RegisterGrainTimer(LookForLost, new GrainTimerCreationOptions(Tick, Tick) { KeepAlive = true, Interleave = true });
    }

    public Task Offer(QueueEntry entry)
    {
        queue.Add(entry);
        Serve();
        return Task.CompletedTask;
    }

    public async Task<QueueEntry?> Take(string workerId, RunKind kind, CancellationToken cancel)
    {
        if (Next(kind) is { } entry) return entry;
        var answer = new TaskCompletionSource<QueueEntry?>(TaskCreationOptions.RunContinuationsAsynchronously);
        takers.Add((kind, answer));
        using var timer = this.RegisterGrainTimer(() => { answer.TrySetResult(null); return Task.CompletedTask; },
            new GrainTimerCreationOptions(LongPoll, Timeout.InfiniteTimeSpan) { Interleave = true });
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

    public Task Beat(string workerId, IReadOnlyList<HeldRun> runs)
    {
        var now = clock.GetTimestamp();
        foreach (var run in runs) watched[run.Run.RunId] = new Watched(run, now);
        var kept = runs.Select(run => run.Run.RunId).ToHashSet();
        foreach (var run in watched.Values.Where(run => run.Run.Run.WorkerId == workerId && !kept.Contains(run.Run.Run.RunId)).ToList())
        {
            // Claimed while this beat was on its way, perhaps. The next one sets out only now: it has the run, or the run is lost.
            if (run.Missed) MakeSure(run.Run);
            else watched[run.Run.Run.RunId] = run with { Missed = true };
        }

        Serve();
        return Task.CompletedTask;
    }

    private QueueEntry? Next(RunKind kind)
    {
        var full = kind is RunKind.Agent && options.CurrentValue.PerRepo is > 0 and var limit ? FullRepos(limit) : [];
        var entry = queue.Take(kind, repo => full.Count > 0 && full.Contains(desk.KeyOf(repo)));
        if (entry is not null) offered[entry.TaskId] = (entry, clock.GetTimestamp());
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
        foreach (var (kind, answer) in takers.ToList())
        {
            if (answer.Task.IsCompleted || Next(kind) is not { } entry) continue;
            if (answer.TrySetResult(entry)) continue;
            offered.Remove(entry.TaskId);
            queue.Add(entry);
        }
    }

    private Task LookForLost(CancellationToken cancel)
    {
        var now = clock.GetTimestamp();
        var lease = options.CurrentValue.LeaseTime;
        // A process that was stopped and thawed finds everybody silent: it was itself that didn't listen.
        if (clock.GetElapsedTime(lastTick, now) > Tick * 3)
        {
            foreach (var run in watched.Values.ToList()) watched[run.Run.Run.RunId] = run with { LastBeat = now };
        }

        lastTick = now;
        foreach (var run in watched.Values.Where(run => clock.GetElapsedTime(run.LastBeat, now) > lease).ToList()) MakeSure(run.Run);
        foreach (var (task, offer) in offered.Where(offer => clock.GetElapsedTime(offer.Value.Since, now) > LongPoll).ToList())
        {
            // Whoever took it said nothing more of it. If it was claimed after all, the next claim is declined.
            offered.Remove(task);
            queue.Add(offer.Entry);
        }

        Serve();
        return Task.CompletedTask;
    }

    /// <summary>A run that nobody holds any more: if the task still counts on it, it is told.</summary>
    private void MakeSure(HeldRun run)
    {
        watched.Remove(run.Run.RunId);
        TellIfLost(run).ContinueWith(failed => LogNotTold(run.TaskId, failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    private async Task TellIfLost(HeldRun run)
    {
        var task = GrainFactory.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(run.TaskId));
        if (await task.Find() is { } state && state.Run?.RunId == run.Run.RunId)
            await task.Tell(new WorkerLost($"worker {run.Run.WorkerId} no longer holds run {run.Run.RunId}"), state.Step);
    }

    [LoggerMessage(LogLevel.Warning, "task {Task}: couldn't be told that its worker is lost; its next wake-up tries again")]
    private partial void LogNotTold(string task, Exception exception);
}
