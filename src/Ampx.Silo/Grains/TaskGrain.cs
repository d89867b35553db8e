using Ampx.Core.Ci;
using Ampx.Core.Secrecy;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;
using Ampx.Silo.Telemetry;
using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Polly;

namespace Ampx.Silo.Grains;

/// <summary>The thin shell around <see cref="TaskMachine"/>: remembers first, then acts.</summary>
[Orleans.Placement.RandomPlacement]
public sealed partial class TaskGrain(
    [PersistentState(StorageExtensions.TaskStateName, StorageExtensions.StorageName)] IPersistentState<TaskState> stored,
    ForgeDesk desk, TimeProvider clock, TaskRules rules, Redactor redactor, ILogger<TaskGrain> log) : Grain, ITaskGrain
{
    /// <summary>What storage is known to hold; null if there is no such task. A reader never sees what may yet fail to be written.</summary>
    private TaskState? task;
    private readonly ResiliencePipeline storage = BusyDatabase.Pipeline(clock);

    /// <summary>What an activation remembers for longer isn't trusted when it is woken.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(1);

    /// <summary>Less than the watch over CI takes a look to last.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private long readAt;
    private long? lookedAt;
    private (int Step, TaskProgress How)? reported;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        task = stored.RecordExists ? stored.State : null;
        readAt = clock.GetTimestamp();
        return Task.CompletedTask;
    }

    public async Task<TaskState> Create(NewTask order)
    {
        using var span = Traces.Work("task create", order.Trace, order.Id);
        return await Decide(async () => task ?? await Remember(TaskMachine.Create(order.Masked(redactor), clock.GetUtcNow(), rules)));
    }

    public Task<TaskState?> Find() => Task.FromResult(task);

    public Task<TaskState> GetState() => Task.FromResult(task!);

    public async Task<Refusal?> Order(TaskEvent order, int? ifVersion)
    {
        using var span = Traces.Work("task order", order.Trace, this.GetPrimaryKeyString());
        return await Decide(() => OrderNow(order, ifVersion));
    }

    public Task<TaskState?> Claim(int step, RunClaim run) => Decide(() => ClaimNow(step, run));

    public Task<TaskState?> Tell(TaskEvent news, int step) => Decide(() => TellNow(news, step));

    public Task<Refusal?> Remove(int? ifVersion) => Decide(() => RemoveNow(ifVersion));

    public async Task<bool> MayPush(int step, string runId)
    {
        // An activation that a partition left behind remembers what isn't so any more; and one that can't ask allows nothing.
        await Reread();
        return task?.Step == step && task.Run?.RunId == runId;
    }

    public Task Report(int step, TaskProgress progress)
    {
        reported = (step, progress);
        return Task.CompletedTask;
    }

    public Task<TaskProgress?> Progress()
    {
        if (task is { } now && TaskMachine.Next(now) is WatchCi && (lookedAt is not { } last || clock.GetElapsedTime(last) > LookEvery))
        {
            lookedAt = clock.GetTimestamp();
            Hint(GrainFactory.GetGrain<ICiWatchGrain>(desk.KeyOf(now.Repo)).Look(now.Id));
        }

        return Task.FromResult(reported is { } known && known.Step == task?.Step ? known.How : null);
    }

    private async Task<Refusal?> OrderNow(TaskEvent order, int? ifVersion)
    {
        if (task is null) return new Refusal("not_found", "there is no such task");
        if (WhyOutdated(task, ifVersion) is { } outdated) return outdated;
        if (TaskMachine.WhyNot(task, order) is { } refusal) return refusal;
        await Remember(Apply(task, order));
        return null;
    }

    private async Task<Refusal?> RemoveNow(int? ifVersion)
    {
        if (task is null) return null;
        if (WhyOutdated(task, ifVersion) is { } outdated) return outdated;
        if (TaskMachine.WhyNotRemoved(task) is { } refusal) return refusal;
        try
        {
            await storage.InTurn(stored.ClearStateAsync);
        }
        catch (InconsistentStateException)
        {
            await Reread();
            // An answer that was lost, or another activation that was asked too.
            if (task is not null) throw;
        }
        finally
        {
            // Whatever became of it, nobody is to be answered from this memory.
            DeactivateOnIdle();
        }

        LogRemoved(this.GetPrimaryKeyString());
        task = null;
        return null;
    }

    private static Refusal? WhyOutdated(TaskState task, int? ifVersion) => ifVersion is { } seen && seen != task.Version
        ? new Refusal(ErrorCodes.PreconditionFailed, $"the task is at version {task.Version}, not {seen}: look at it again first")
        : null;

    private async Task<TaskState?> ClaimNow(int step, RunClaim run)
    {
        // A worker that didn't hear the answer asks again: the claim itself has moved the step on.
        if (task?.Run == run) return task;
        if (task is null || step != task.Step || task.Run is not null) return null;
        if (TaskMachine.Next(task) is not RequestWorker wanted || wanted.Kind != run.Kind) return null;
        return await Remember(Apply(task, new Claimed(run)));
    }

    private async Task<TaskState?> TellNow(TaskEvent news, int step)
    {
        if (step == task?.Step) return await Remember(Apply(task, news));
        LogStale(this.GetPrimaryKeyString(), news.GetType().Name, step, task?.Step);
        return null;
    }

    public async Task Wake()
    {
        if (clock.GetElapsedTime(readAt) > Stale) await Reread();
        if (task is null) return;
        var time = TaskMachine.Next(task) switch
        {
            WakeAt at => at.Time,
            WatchPullRequest watch => watch.Until,
            _ => DateTimeOffset.MaxValue,
        };
        if (time <= clock.GetUtcNow()) await Remember(Apply(task, new BackoffEnded()));
        else Drive(task);
    }

    /// <summary>Decides on what storage holds: once more where another activation, of a partition or a failover, has written since this one read.</summary>
    private async Task<T> Decide<T>(Func<Task<T>> decision)
    {
        try
        {
            return await decision();
        }
        catch (InconsistentStateException overtaken)
        {
            LogOvertaken(this.GetPrimaryKeyString(), overtaken);
            // This one answers yet, by what it has read again; the next call finds a new one.
            DeactivateOnIdle();
            return await decision();
        }
    }

    private async Task Reread()
    {
        try
        {
            await storage.InTurn(stored.ReadStateAsync);
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }

        task = stored.RecordExists ? stored.State : null;
        readAt = clock.GetTimestamp();
    }

    private static bool IsSame(TaskState a, TaskState b) => (a.Version, a.Step, a.UpdatedAt, a.Last, a.Run) == (b.Version, b.Step, b.UpdatedAt, b.Last, b.Run);

    private TaskState Apply(TaskState task, TaskEvent news) => TaskMachine.Apply(task, news.Masked(redactor) with { At = clock.GetUtcNow() }, rules);

    private async Task<TaskState> Remember(TaskState next)
    {
        var from = task?.Phase;
        stored.State = next;
        try
        {
            await storage.InTurn(stored.WriteStateAsync);
        }
        catch (InconsistentStateException)
        {
            await Reread();
            // A write whose answer was lost is tried again, and finds itself in the way.
            if (task is not { } now || !IsSame(now, next)) throw;
        }
        catch
        {
            // Written or not, only storage knows: the next activation reads it.
            DeactivateOnIdle();
            throw;
        }

        LogTransition(next.Id, from, next.Phase, next.Version, next.Last.Cause);
        Measures.Changed(task, next);
        if (task is not null) Traces.Phase(task, next);
        var waited = task is { } before && TaskMachine.Next(before) is RequestWorker;
        task = next;
        Drive(next);
        if (waited && TaskMachine.Next(next) is not (RequestWorker or FollowRun)) Hint(GrainFactory.GetGrain<IWorkQueueGrain>(0).Withdraw(next.Id, next.Step));
        return next;
    }

    /// <summary>Starts what the state asks for. Nothing here is awaited by the caller: the state is safe, and every hint may get lost.</summary>
    private void Drive(TaskState task)
    {
        switch (TaskMachine.Next(task))
        {
            case RequestWorker wanted:
                Hint(GrainFactory.GetGrain<IWorkQueueGrain>(0).Offer(EntryOf(task, wanted.Kind)));
                break;
            case FollowRun at:
                Hint(GrainFactory.GetGrain<IWorkQueueGrain>(0).Follow(new HeldRun(task.Id, task.Repo, at.Run), task.Step));
                break;
            case WatchPullRequest:
                Hint(GrainFactory.GetGrain<IPullRequestWatchGrain>(desk.PullRequestKeyOf(task.Repo)).Watch());
                break;
            case WatchCi:
                Hint(GrainFactory.GetGrain<ICiWatchGrain>(desk.KeyOf(task.Repo)).Watch(task.Id, task.Step));
                break;
            case WakeAt at:
                Hint(GrainFactory.GetGrain<IWakeGrain>(WakeShard.Of(task.Id)).Expect(at.Time));
                break;
            case Rest:
                break;
            case var forgeWork:
                desk.Start(task, forgeWork);
                break;
        }
    }

    private static QueueEntry EntryOf(TaskState task, RunKind kind) => kind is RunKind.Agent
        ? new(task.Id, task.Owner, task.Repo, task.Step, kind, task.Agent, task.LastWorker)
        : new(task.Id, task.Owner, task.Repo, task.Step, kind);

    /// <summary>Sends a call whose loss costs only time.</summary>
    private void Hint(Task call) =>
        call.ContinueWith(failed => LogHintLost(this.GetPrimaryKeyString(), failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    [LoggerMessage(LogLevel.Information, "task {Task}: {From} -> {To}, version {Version}, {Cause}")]
    private partial void LogTransition(string task, Phase? from, Phase to, int version, string cause);

    [LoggerMessage(LogLevel.Information, "{Key}: removed")]
    private partial void LogRemoved(string key);

    [LoggerMessage(LogLevel.Debug, "{Key}: {News} of step {Step} came late, the task is at step {Current}")]
    private partial void LogStale(string key, string news, int step, int? current);

    [LoggerMessage(LogLevel.Warning, "{Key}: another activation has written; deciding again on what it wrote")]
    private partial void LogOvertaken(string key, Exception exception);

    [LoggerMessage(LogLevel.Debug, "{Key}: a hint was lost; the next wake-up makes up for it")]
    private partial void LogHintLost(string key, Exception exception);
}
