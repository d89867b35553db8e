using System.Collections.Concurrent;
using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Workers;

/// <summary>This machine's slots: pulls runs from the queue, carries them, and after a restart goes on with those that it held.</summary>
public sealed partial class Worker(
    IGrainFactory grains, ITaskRows rows, RunCarrier carrier, DataFolder folder, IOptions<WorkerOptions> options,
    TimeProvider clock, ILogger<Worker> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, HeldRun> held = [];
    private readonly ConcurrentDictionary<string, Task> carried = [];
    private readonly SlotGate agents = new(options.Value.Slots);
    private readonly SlotGate ci = new(options.Value.CiSlots is 0 ? options.Value.Slots : options.Value.CiSlots);

    /// <summary>Agent and CI runs that this worker holds now.</summary>
    public IReadOnlyCollection<HeldRun> Held => [.. held.Values];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Resume(stoppingToken);
            await Task.WhenAll(Pull(RunKind.Agent, agents, stoppingToken), Pull(RunKind.Ci, ci, stoppingToken), Beat(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            LogStopping(held.Count);
        }

        await Task.WhenAll(carried.Values);
    }

    /// <summary>Takes up the runs that the index says are ours; whatever else still runs in our folder is nobody's any more.</summary>
    private async Task Resume(CancellationToken stopping)
    {
        var mine = (await rows.RunsOf(folder.WorkerId, stopping))
            .Select(run => new HeldRun(run.TaskId, run.Repo, new RunClaim(run.RunId, run.WorkerId, run.Kind))).ToList();
        await carrier.CleanUp(mine, stopping);
        foreach (var run in mine) Launch(run, stopping);
        if (mine.Count > 0) LogResumed(mine.Count);
        await grains.GetGrain<IWorkQueueGrain>(0).Beat(folder.WorkerId, [.. held.Values]);
    }

    private async Task Pull(RunKind kind, SlotGate slots, CancellationToken stopping)
    {
        var queue = grains.GetGrain<IWorkQueueGrain>(0);
        while (true)
        {
            await slots.Room(stopping);
            try
            {
                if (await queue.Take(folder.WorkerId, kind, stopping) is not { } entry) continue;
                var run = new RunClaim(Ulid.NewUlid().ToString(), folder.WorkerId, kind);
                if (await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(entry.TaskId)).Claim(entry.Step, run) is null) continue;
                Launch(new HeldRun(entry.TaskId, entry.Repo, run), stopping);
            }
            catch (Exception failed) when (!stopping.IsCancellationRequested)
            {
                LogPullFailed(kind, failed);
                await Task.Delay(Pause, clock, stopping);
            }
        }
    }

    private void Launch(HeldRun run, CancellationToken stopping)
    {
        var slots = run.Run.Kind is RunKind.Agent ? agents : ci;
        slots.Enter();
        held[run.Run.RunId] = run;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        carried[run.Run.RunId] = done.Task;
        _ = Task.Run(async () =>
        {
            try
            {
                await carrier.Carry(run, stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                LogLeft(run.TaskId, run.Run.RunId);
            }
            catch (Exception broken)
            {
                // The queue misses this run in the next beat and tells the task.
                LogBroken(run.TaskId, run.Run.RunId, broken);
            }
            finally
            {
                held.TryRemove(run.Run.RunId, out _);
                slots.Leave();
                carried.TryRemove(run.Run.RunId, out _);
                done.SetResult();
            }
        }, CancellationToken.None);
    }

    private async Task Beat(CancellationToken stopping)
    {
        var queue = grains.GetGrain<IWorkQueueGrain>(0);
        using var timer = new PeriodicTimer(options.Value.LeaseTime / 5, clock);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            try
            {
                await queue.Beat(folder.WorkerId, [.. held.Values]);
            }
            catch (Exception failed) when (!stopping.IsCancellationRequested)
            {
                LogBeatFailed(failed);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "goes on with {Count} runs from before the restart")]
    private partial void LogResumed(int count);

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
