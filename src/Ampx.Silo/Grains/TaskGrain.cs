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
    private TaskMemory memory = null!;

    private TaskState? Known => memory.Task;

    private IWorkQueueGrain Queue => GrainFactory.GetGrain<IWorkQueueGrain>(0);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        memory = new TaskMemory(stored, clock, DeactivateOnIdle);
        memory.Take();
        return Task.CompletedTask;
    }

    public async Task<TaskState> Create(NewTask order)
    {
        using var span = Traces.Work("task create", order.Trace, order.Id);
        return await Decide(async () => Known ?? await Remember(TaskMachine.Create(order.Masked(redactor), clock.GetUtcNow(), rules)));
    }

    public Task<TaskState?> Find() => Task.FromResult(Known);

    public Task<TaskState> GetState() => Task.FromResult(Known!);

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
        await memory.Read();
        return Known?.Step == step && Known.Run?.RunId == runId;
    }

    private async Task<Refusal?> OrderNow(TaskEvent order, int? ifVersion)
    {
        if (Known is null) return new Refusal("not_found", "there is no such task");
        if (WhyOutdated(Known, ifVersion) is { } outdated) return outdated;
        if (TaskMachine.WhyNot(Known, order) is { } refusal) return refusal;
        await Remember(Apply(Known, order));
        return null;
    }

    private async Task<Refusal?> RemoveNow(int? ifVersion)
    {
        if (Known is null) return null;
        if (WhyOutdated(Known, ifVersion) is { } outdated) return outdated;
        if (TaskMachine.WhyNotRemoved(Known) is { } refusal) return refusal;
        await memory.Clear();
        LogRemoved(this.GetPrimaryKeyString());
        return null;
    }

    private static Refusal? WhyOutdated(TaskState task, int? ifVersion) => ifVersion is { } seen && seen != task.Version
        ? new Refusal(ErrorCodes.PreconditionFailed, $"the task is at version {task.Version}, not {seen}: look at it again first")
        : null;

    private async Task<TaskState?> ClaimNow(int step, RunClaim run)
    {
        // A worker that didn't hear the answer asks again: the claim itself has moved the step on.
        if (Known?.Run == run) return Known;
        if (Known is null || step != Known.Step || Known.Run is not null) return null;
        if (TaskMachine.Next(Known) is not RequestWorker wanted || wanted.Kind != run.Kind) return null;
        return await Remember(Apply(Known, new Claimed(run)));
    }

    private async Task<TaskState?> TellNow(TaskEvent news, int step)
    {
        if (step == Known?.Step) return await Remember(Apply(Known, news));
        LogStale(this.GetPrimaryKeyString(), news.GetType().Name, step, Known?.Step);
        return null;
    }

    public async Task Wake()
    {
        if (memory.IsStale) await memory.Read();
        if (Known is null) return;
        var time = TaskMachine.Next(Known) switch
        {
            WakeAt at => at.Time,
            WatchPullRequest watch => watch.Until,
            _ => DateTimeOffset.MaxValue,
        };
        if (time <= clock.GetUtcNow()) await Remember(Apply(Known, new BackoffEnded()));
        else Drive(Known);
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

    private TaskState Apply(TaskState task, TaskEvent news) => TaskMachine.Apply(task, news.Masked(redactor) with { At = clock.GetUtcNow() }, rules);

    private async Task<TaskState> Remember(TaskState next)
    {
        var before = Known;
        await memory.Write(next);
        LogTransition(next.Id, before?.Phase, next.Phase, next.Version, next.Last.Cause);
        Measures.Changed(before, next);
        if (before is not null) Traces.Phase(before, next);
        Drive(next);
        var waited = before is not null && TaskMachine.Next(before) is RequestWorker;
        if (waited && TaskMachine.Next(next) is not (RequestWorker or FollowRun)) Hint(Queue.Withdraw(next.Id, next.Step));
        return next;
    }

    /// <summary>Starts what the state asks for. Nothing here is awaited by the caller: the state is safe, and every hint may get lost.</summary>
    private void Drive(TaskState task)
    {
        var effect = TaskMachine.Next(task);
        if (effect is CollectFeedback or OpenPullRequest or MergePullRequest) desk.Start(task, effect);
        else Hint(effect switch
        {
            RequestWorker wanted => Queue.Offer(QueueEntry.Of(task, wanted.Kind)),
            FollowRun at => Queue.Follow(new HeldRun(task.Id, task.Repo, at.Run), task.Step),
            WatchCi => GrainFactory.GetGrain<ICiWatchGrain>(desk.KeyOf(task.Repo)).Watch(task.Id, task.Step),
            WatchPullRequest => GrainFactory.GetGrain<IPullRequestWatchGrain>(desk.PullRequestKeyOf(task.Repo)).Watch(),
            WakeAt at => GrainFactory.GetGrain<IWakeGrain>(WakeShard.Of(task.Id)).Expect(at.Time),
            Rest => Task.CompletedTask,
            _ => throw new InvalidOperationException($"nothing does {effect.GetType().Name}, which task {task.Id} asks for"),
        });
    }

    /// <summary>Sends a call whose loss costs only time.</summary>
    private void Hint(Task call) =>
        call.ContinueWith(failed => LogHintLost(this.GetPrimaryKeyString(), failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
