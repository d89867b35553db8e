using System.Collections.Concurrent;
using System.Collections.Immutable;
using Ampx.Core.Tasks;
using Ampx.Silo.Agents;
using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Grains;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Workers;

/// <summary>This machine's slots: pulls runs from the queue, carries them, and after a restart goes on with those that it held.</summary>
public sealed partial class Worker(
    IGrainFactory grains, ITaskRows rows, RunCarrier carrier, WorkerLease lease, AgentRuns runs, AgentProfiles profiles, DataFolder folder, IOptions<WorkerOptions> options,
    TimeProvider clock, ILogger<Worker> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private const int ClaimTries = 3;

    /// <summary>What a stop leaves to the silo's own stop: work that waits for a database that hangs isn't waited for beyond this.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, HeldRun> held = [];
    /// <summary>By task: its last run here.</summary>
    private readonly ConcurrentDictionary<string, Task> carried = [];
    private readonly SlotGate agents = new(options.Value.Slots);
    private readonly SlotGate ci = new(options.Value.CiSlots is 0 ? options.Value.Slots : options.Value.CiSlots);

    /// <summary>The queue has heard what this worker is able to do: before that it would offer it anything.</summary>
    private readonly TaskCompletionSource introduced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Tells this process from the worker's earlier ones.</summary>
    private readonly string start = Ulid.NewUlid().ToString();

    /// <summary>Told by a queue, remembered here: the next queue doesn't know it.</summary>
    private volatile bool draining;

    /// <summary>Agent and CI runs that this worker holds now, or held when it was stopped.</summary>
    public IReadOnlyCollection<HeldRun> Held => [.. held.Values];

    /// <summary>Completes when <see cref="Held"/> has the runs from before the start; until then it says nothing of them.</summary>
    public Task Resumed => resumed.Task;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(StopPatience);
        await base.StopAsync(patience.Token);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var mine = await Mine(stoppingToken);
            foreach (var run in mine) held[run.Run.RunId] = run;
            resumed.TrySetResult();
            if (profiles.Names.Select(name => profiles.Find(name)!.Sandbox.Missing).FirstOrDefault(why => why is not null) is { } missing) LogOpen(missing);
            await Task.WhenAll(lease.Renew(() => held.Keys, stoppingToken), Work(mine, stoppingToken));
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            LogStopping(held.Count);
        }

        await lease.Leave([.. held.Keys]);
        await Task.WhenAll(carried.Values);
    }

    private async Task Work(List<HeldRun> mine, CancellationToken stopping)
    {
        // What runs here for nobody has to end before its task or its tree is touched; that may take its time, and leases go on meanwhile.
        await carrier.CleanUp(mine, stopping);
        foreach (var run in mine) Launch(run, stopping);
        await Task.WhenAll(Pull(RunKind.Agent, agents, stopping), Pull(RunKind.Ci, ci, stopping), Beat(stopping));
    }

    /// <summary>The runs that the index says are ours, after a first sign of life: what it says then is ours for a lease.</summary>
    private async Task<List<HeldRun>> Mine(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await lease.Begin(stopping);
                var mine = (await rows.RunsOf(folder.WorkerId, stopping)).Select(run => new HeldRun(run.TaskId, run.Repo, new RunClaim(run.RunId, run.WorkerId, run.Kind))).ToList();
                if (mine.Count > 0) LogResumed(mine.Count);
                return mine;
            }
            catch (Exception failed) when (!stopping.IsCancellationRequested)
            {
                LogResumeFailed(failed);
                await Task.Delay(Pause, clock, stopping);
            }
        }
    }

    private async Task Pull(RunKind kind, SlotGate slots, CancellationToken stopping)
    {
        var queue = grains.GetGrain<IWorkQueueGrain>(0);
        await introduced.Task.WaitAsync(stopping);
        while (!stopping.IsCancellationRequested && !draining)
        {
            await slots.Room(stopping);
            try
            {
                if (await queue.Take(folder.WorkerId, kind, stopping) is not { } entry) continue;
                if (draining) await GiveBack(entry);
                else await Claim(entry, stopping);
            }
            catch (Exception failed) when (!stopping.IsCancellationRequested)
            {
                LogPullFailed(kind, failed);
                await Task.Delay(Pause, clock, stopping);
            }
        }
    }

    private async Task GiveBack(QueueEntry entry)
    {
        var queue = grains.GetGrain<IWorkQueueGrain>(0);
        await queue.Decline(entry, "");
        await queue.Offer(entry);
    }

    private async Task Claim(QueueEntry entry, CancellationToken stopping)
    {
        var run = new HeldRun(entry.TaskId, entry.Repo, new RunClaim(Ulid.NewUlid().ToString(), folder.WorkerId, entry.Kind));
        // Held before it is claimed, so that no beat says otherwise.
        held[run.Run.RunId] = run;
        var claimed = false;
        try
        {
            runs.Hold(run.Run.RunId);
            claimed = await Claimed(entry.Step, run, stopping);
        }
        finally
        {
            if (!claimed)
            {
                held.TryRemove(run.Run.RunId, out _);
                runs.Delete(run.Run.RunId);
            }
        }

        if (claimed) Launch(run, stopping);
        else await grains.GetGrain<IWorkQueueGrain>(0).Decline(entry, run.Run.RunId);
    }

    /// <summary>The same claim again when its answer is lost: it may be in the state already.</summary>
    private async Task<bool> Claimed(int step, HeldRun run, CancellationToken stopping)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(run.TaskId)).Claim(step, run.Run) is not null;
            }
            catch (Exception failed) when (!stopping.IsCancellationRequested && tries < ClaimTries)
            {
                LogPullFailed(run.Run.Kind, failed);
                await Task.Delay(Pause, clock, stopping);
            }
        }
    }

    private void Launch(HeldRun run, CancellationToken stopping)
    {
        var slots = run.Run.Kind is RunKind.Agent ? agents : ci;
        slots.Enter();
        held[run.Run.RunId] = run;
        // One run of a task at a time: the next one finds neither the last one's agent alive nor its own tree given back by the last one's end.
        var earlier = carried.GetValueOrDefault(run.TaskId, Task.CompletedTask);
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        carried[run.TaskId] = done.Task;
        _ = Task.Run(async () =>
        {
            try
            {
                await earlier;
                runs.Hold(run.Run.RunId);
                await carrier.Carry(run, stopping);
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                LogLeft(run.TaskId, run.Run.RunId);
            }
            catch (Exception broken)
            {
                LogBroken(run.TaskId, run.Run.RunId, broken);
            }
            finally
            {
                slots.Leave();
                // A run that is left to the next start stays this worker's.
                if (!stopping.IsCancellationRequested)
                {
                    held.TryRemove(run.Run.RunId, out _);
                    TellQueue(run);
                }

                carried.TryRemove(new(run.TaskId, done.Task));
                done.SetResult();
            }
        }, CancellationToken.None);
    }

    /// <summary>A hint: without it the queue finds out by the beats.</summary>
    private void TellQueue(HeldRun run) => grains.GetGrain<IWorkQueueGrain>(0).LetGo(run)
        .ContinueWith(failed => LogBeatFailed(failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    private async Task Beat(CancellationToken stopping)
    {
        var queue = grains.GetGrain<IWorkQueueGrain>(0);
        using var timer = new PeriodicTimer(options.Value.LeaseTime / 5, clock);
        do
        {
            while (!await IsHeard(queue, stopping)) await Task.Delay(Pause, clock, stopping);
        }
        while (await timer.WaitForNextTickAsync(stopping));
    }

    private async Task<bool> IsHeard(IWorkQueueGrain queue, CancellationToken stopping)
    {
        try
        {
            var answer = await queue.Beat(folder.WorkerId, [.. held.Values], Report()).WaitAsync(stopping);
            if (answer.Draining && !draining)
            {
                draining = true;
                LogDraining(held.Count);
            }

            introduced.TrySetResult();
            return true;
        }
        catch (Exception failed) when (!stopping.IsCancellationRequested)
        {
            LogBeatFailed(failed);
            return false;
        }
    }

    private WorkerReport Report() => new(
        options.Value.Slots, agents.Busy, [.. profiles.Names.Select(name => new AgentReport(name, profiles.Find(name)!.Unready()))], draining, start);

    [LoggerMessage(LogLevel.Information, "goes on with {Count} runs from before the restart")]
    private partial void LogResumed(int count);

    [LoggerMessage(LogLevel.Warning, "agents run without a sandbox: {Why}. They may do and read what the service's user may; 'ampx doctor' says how to mend it")]
    private partial void LogOpen(string why);

    [LoggerMessage(LogLevel.Error, "couldn't find out which runs are this worker's; trying again")]
    private partial void LogResumeFailed(Exception exception);

    [LoggerMessage(LogLevel.Information, "draining: no new runs until the next start; {Count} at work go on to their ends")]
    private partial void LogDraining(int count);

    [LoggerMessage(LogLevel.Information, "stopping; {Count} runs stay under their supervisors")]
    private partial void LogStopping(int count);

    [LoggerMessage(LogLevel.Debug, "task {Task}: run {Run} is left to the next start")]
    private partial void LogLeft(string task, string run);

    [LoggerMessage(LogLevel.Error, "task {Task}: run {Run} broke")]
    private partial void LogBroken(string task, string run, Exception exception);

    [LoggerMessage(LogLevel.Warning, "couldn't take a {Kind} run from the queue; trying again")]
    private partial void LogPullFailed(RunKind kind, Exception exception);

    [LoggerMessage(LogLevel.Warning, "the queue didn't hear this worker's beat")]
    private partial void LogBeatFailed(Exception exception);
}
