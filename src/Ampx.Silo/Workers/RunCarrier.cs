using Ampx.Core;
using Ampx.Core.Tasks;
using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Git;
using Ampx.Silo.Grains;
using Ampx.Silo.Storage.Logs;
using Ampx.Silo.Telemetry;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Workers;

/// <summary>
/// Carries one run through its phases. It keeps nothing of its own: each round reads the task, does what its phase asks for and reports,
/// so that a run goes on after a restart at the phase where it stopped.
/// </summary>
public sealed partial class RunCarrier(
    IGrainFactory grains, AgentSteps agent, CiCommand ci, AgentRuns runs, Workspaces workspaces, LogWriter logs, TimeProvider clock, ILogger<RunCarrier> log)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    /// <summary>Each so many looks storage itself is asked: an activation that a partition left behind knows nothing new.</summary>
    private const int Sure = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>A call that was lost with a silo would be waited for six times as long. Asked twice is as good as once.</summary>
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(5);

    /// <summary>What a stopped run printed last is read for no longer: its slot is wanted.</summary>
    private static readonly TimeSpan LastLines = TimeSpan.FromSeconds(1);

    private const int Tries = 5;

    /// <summary>Returns when the run is over for this worker and nothing of it is left; leaves everything running when <paramref name="stopping"/>.</summary>
    public async Task Carry(HeldRun run, CancellationToken stopping)
    {
        try
        {
            await Rounds(run, stopping);
        }
        catch (Exception broken) when (!stopping.IsCancellationRequested)
        {
            LogRunBroken(run.TaskId, run.Run.RunId, broken);
        }

        await LetGo(run);
    }

    private async Task Rounds(HeldRun run, CancellationToken stopping)
    {
        var task = grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(run.TaskId));
        while (await Patiently(task.Find, stopping) is { } state && state.Run == run.Run)
        {
            using var revoked = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            var watch = WatchFor(task, state, revoked);
            TaskEvent? news = null;
            try
            {
                news = await DoPatiently(state, revoked.Token);
            }
            catch (OperationCanceledException) when (revoked.IsCancellationRequested)
            {
                LogRevoked(state.Id, state.Phase);
            }

            await revoked.CancelAsync();
            await watch;
            // What our own end has broken is no news: the next start does the step again.
            stopping.ThrowIfCancellationRequested();
            if (news is null) continue;
            // Whoever takes the task next must be alone with its thread.
            if (news is WorkerLost or AgentFailed)
            {
                await Stop(run.Run.RunId, stopping);
                if (state.Phase is Phase.Agent) await agent.SaveWork(state, stopping);
            }

            // Whoever hears that the task has ended finds its log whole.
            await logs.Flush(stopping);
            await Patiently(() => task.Tell(news, state.Step), stopping);
        }
    }

    private async Task LetGo(HeldRun run)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await Stop(run.Run.RunId, CancellationToken.None);
                if (run.Run.Kind is RunKind.Agent) workspaces.Release(run.TaskId);
                runs.Delete(run.Run.RunId);
                ci.Remove(run.Run.RunId);
                // Who aborts a task doesn't wait for its work to be brought away.
                if (run.Run.Kind is RunKind.Agent) agent.SaveKeptSoon();
                return;
            }
            catch (Exception stuck) when (tries < Tries)
            {
                LogRunBroken(run.TaskId, run.Run.RunId, stuck);
                await Task.Delay(Pause, clock);
            }
        }
    }

    /// <summary>Ends what runs in our folder for nobody, and gives back the trees that no run holds.</summary>
    public async Task CleanUp(IReadOnlyList<HeldRun> held, CancellationToken cancel)
    {
        var kept = held.Select(run => run.Run.RunId).ToHashSet();
        var stuck = await Task.WhenAll(runs.All().Where(folder => !kept.Contains(folder.RunId)).Select(folder => End(folder, cancel)));
        // Only now: a tree in which an agent still works is nobody else's, whoever its task belongs to.
        workspaces.ReleaseAllBut(held.Select(run => run.TaskId).Concat(stuck.OfType<string>()).ToHashSet());
        ci.RemoveAllBut(runs.All().Select(folder => folder.RunId).Concat(kept).ToHashSet());
    }

    /// <summary>Ends a run that is nobody's, and removes its folder.</summary>
    public async Task EndOrphan(string runId, CancellationToken cancel)
    {
        LogOrphan(runId);
        await Stop(runId, cancel);
        runs.Delete(runId);
        ci.Remove(runId);
    }

    /// <summary>Ends a run that is nobody's. Returns its task if that can't be done.</summary>
    private async Task<string?> End(RunFolder folder, CancellationToken cancel)
    {
        var task = folder.Info?.TaskId;
        try
        {
            await EndOrphan(folder.RunId, cancel);
            return null;
        }
        catch (Exception stuck) when (!cancel.IsCancellationRequested)
        {
            // Not worth to keep the worker from its work; the next start tries again.
            LogOrphanStuck(folder.RunId, stuck);
            return task;
        }
    }

    /// <summary>Ends every agent and CI command on this machine; their tasks take them for lost and run them again.</summary>
    public async Task StopAll() => await Task.WhenAll(runs.All().Select(folder => Stop(folder.RunId, CancellationToken.None)));

    /// <summary>
    /// Does what the phase asks for. Steps without an agent are tried again by the state machine, where it shows; an agent that may be at work
    /// isn't given up for a trouble of ours that passes.
    /// </summary>
    private async Task<TaskEvent> DoPatiently(TaskState task, CancellationToken revoked)
    {
        using var span = Traces.Work($"work {AmpxJson.Word(task.Phase)}", task.Trace, task.Id);
        for (var failures = 0; ;)
        {
            TimeSpan pause;
            try
            {
                return await Do(task, revoked);
            }
            catch (Exception broken) when (broken is not OperationCanceledException || !revoked.IsCancellationRequested)
            {
                LogBroken(task.Id, task.Phase, broken);
                span.Failed(broken);
                if (broken is LeaseEndedException) return new WorkerLost(broken.Message);
                if (task.Phase is not Phase.Agent || Trouble.PauseAfter(broken, ref failures) is not { } wait) return Broken(task.Phase, broken);
                pause = wait;
            }

            await Task.Delay(pause, clock, revoked);
        }
    }

    private async Task<TaskEvent> Do(TaskState task, CancellationToken revoked) => task.Phase switch
    {
        Phase.Preparing => await agent.Prepare(task, revoked),
        Phase.Agent => await agent.Run(task, revoked),
        Phase.Publishing => await agent.Publish(task, revoked),
        Phase.WaitingForCi => await ci.Run(task, revoked),
        Phase.Stopping => await StopFor(task, revoked),
        _ => throw new InvalidOperationException($"a worker has nothing to do in phase {task.Phase}"),
    };

    private async Task<TaskEvent> StopFor(TaskState task, CancellationToken revoked)
    {
        var run = task.Run!;
        await Stop(run.RunId, CancellationToken.None);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(revoked);
        limit.CancelAfter(LastLines);
        try
        {
            if (run.Kind is RunKind.Agent) await agent.ReadRest(task, limit.Token);
            else await ci.ReadRest(task, limit.Token);
        }
        catch (OperationCanceledException) when (!revoked.IsCancellationRequested)
        {
            LogRestUnread(task.Id);
        }

        return new RunStopped();
    }

    private async Task Stop(string runId, CancellationToken cancel)
    {
        switch (runs.Folder(runId).State)
        {
            case RunState.Running:
                runs.RequestStop(runId, "stopped");
                await runs.WaitForExit(runId, cancel);
                break;
            case RunState.Lost:
                runs.KillLeftovers(runId);
                break;
        }
    }

    /// <summary>Cancels the work when the task has moved on without it: aborted, or given to somebody else.</summary>
    private async Task WatchFor(ITaskGrain task, TaskState at, CancellationTokenSource revoked)
    {
        for (var looks = 1; !revoked.IsCancellationRequested; looks++)
        {
            try
            {
                await Task.Delay(Look, clock, revoked.Token);
                var ours = looks % Sure == 0 ? await task.MayPush(at.Step, at.Run!.RunId).WaitAsync(revoked.Token) : await task.Find().WaitAsync(revoked.Token) is { } now && now.Step == at.Step;
                if (!ours) await revoked.CancelAsync();
            }
            catch (OperationCanceledException) when (revoked.IsCancellationRequested)
            {
                return;
            }
            catch (Exception unheard)
            {
                // The agent goes on meanwhile: what counts is what the task answers when it can be reached again.
                LogNotHeard(unheard);
            }
        }
    }

    /// <summary>Asks until the task answers: its storage or silo may be away for a while, and the news must not be lost for that.</summary>
    private async Task<T> Patiently<T>(Func<Task<T>> ask, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return await ask().WaitAsync(AnswerPatience, clock, stopping);
            }
            catch (Exception failed) when (!stopping.IsCancellationRequested && failed is not IllegalTransitionException)
            {
                LogNotHeard(failed);
                await Task.Delay(Pause, clock, stopping);
            }
        }
    }

    private static TaskEvent Broken(Phase phase, Exception broken) => phase switch
    {
        Phase.Agent => new AgentFailed(Trouble.CodeOf(broken, ErrorCodes.CloneFailed), broken.Message, null),
        Phase.Preparing or Phase.Publishing or Phase.WaitingForCi => Trouble.NewsOf(broken, ErrorCodes.CloneFailed),
        _ => new WorkerLost($"the run couldn't be stopped in order: {broken.Message}"),
    };

    [LoggerMessage(LogLevel.Warning, "task {Task}: {Phase} broke")]
    private partial void LogBroken(string task, Phase phase, Exception exception);

    [LoggerMessage(LogLevel.Error, "task {Task}: run {Run} broke")]
    private partial void LogRunBroken(string task, string run, Exception exception);

    [LoggerMessage(LogLevel.Warning, "task {Task}: the last that its stopped run printed took too long to read")]
    private partial void LogRestUnread(string task);

    [LoggerMessage(LogLevel.Debug, "task {Task}: {Phase} is left")]
    private partial void LogRevoked(string task, Phase phase);

    [LoggerMessage(LogLevel.Warning, "run {Run} belongs to no task any more and can't be removed")]
    private partial void LogOrphanStuck(string run, Exception exception);

    [LoggerMessage(LogLevel.Information, "run {Run} belongs to no task any more; it is ended")]
    private partial void LogOrphan(string run);

    [LoggerMessage(LogLevel.Warning, "the task can't be reached; asking again")]
    private partial void LogNotHeard(Exception exception);
}
