using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Logging;
using Polly;

namespace Ampx.Silo.Grains;

/// <summary>The thin shell around <see cref="TaskMachine"/>: remembers first, then acts.</summary>
[Orleans.Placement.RandomPlacement]
public sealed partial class TaskGrain(
    [PersistentState(StorageExtensions.TaskStateName, StorageExtensions.StorageName)] IPersistentState<TaskState> stored,
    ForgeDesk desk, TimeProvider clock, TaskRules rules, ILogger<TaskGrain> log) : Grain, ITaskGrain
{
    /// <summary>What storage is known to hold; null if there is no such task. A reader never sees what may yet fail to be written.</summary>
    private TaskState? task;
    private readonly ResiliencePipeline storage = BusyDatabase.Pipeline(clock);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        task = stored.RecordExists ? stored.State : null;
        return Task.CompletedTask;
    }

    public async Task<TaskState> Create(NewTask order) => task ?? await Remember(TaskMachine.Create(order, clock.GetUtcNow(), rules));

    public Task<TaskState?> Find() => Task.FromResult(task);

    public Task<TaskState> GetState() => Task.FromResult(task!);

    public async Task<Refusal?> Order(TaskEvent order, int? ifVersion)
    {
        if (task is null) return new Refusal(ErrorCodes.Conflict, "there is no such task");
        if (ifVersion is { } seen && seen != task.Version)
            return new Refusal(ErrorCodes.PreconditionFailed, $"the task is at version {task.Version}, not {seen}: look at it again first");
        if (TaskMachine.WhyNot(task, order) is { } refusal) return refusal;
        await Remember(Apply(task, order));
        return null;
    }

    public async Task<TaskState?> Claim(int step, RunClaim run)
    {
        // A worker that didn't hear the answer asks again: the claim itself has moved the step on.
        if (task?.Run == run) return task;
        if (task is null || step != task.Step || task.Run is not null) return null;
        if (TaskMachine.Next(task) is not RequestWorker wanted || wanted.Kind != run.Kind) return null;
        return await Remember(Apply(task, new Claimed(run)));
    }

    public async Task<TaskState?> Tell(TaskEvent news, int step)
    {
        if (step == task?.Step) return await Remember(Apply(task, news));
        LogStale(this.GetPrimaryKeyString(), news.GetType().Name, step, task?.Step);
        return null;
    }

    public Task<bool> MayPush(int step, string runId) => Task.FromResult(task?.Step == step && task.Run?.RunId == runId);

    public async Task Wake()
    {
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

    private TaskState Apply(TaskState task, TaskEvent news) => TaskMachine.Apply(task, news with { At = clock.GetUtcNow() }, rules);

    private async Task<TaskState> Remember(TaskState next)
    {
        stored.State = next;
        try
        {
            await storage.ExecuteAsync(async cancel => await stored.WriteStateAsync(cancel));
        }
        catch
        {
            // Written or not, only storage knows: the next activation reads it.
            DeactivateOnIdle();
            throw;
        }

        LogTransition(next.Id, task?.Phase, next.Phase, next.Version, next.Last.Cause);
        task = next;
        Drive(next);
        return next;
    }

    /// <summary>Starts what the state asks for. Nothing here is awaited by the caller: the state is safe, and every hint may get lost.</summary>
    private void Drive(TaskState task)
    {
        switch (TaskMachine.Next(task))
        {
            case RequestWorker wanted:
                Hint(GrainFactory.GetGrain<IWorkQueueGrain>(0).Offer(new QueueEntry(task.Id, task.Owner, task.Repo, task.Step, wanted.Kind)));
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

    /// <summary>Sends a call whose loss costs only time.</summary>
    private void Hint(Task call) =>
        call.ContinueWith(failed => LogHintLost(this.GetPrimaryKeyString(), failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    [LoggerMessage(LogLevel.Information, "task {Task}: {From} -> {To}, version {Version}, {Cause}")]
    private partial void LogTransition(string task, Phase? from, Phase to, int version, string cause);

    [LoggerMessage(LogLevel.Debug, "{Key}: {News} of step {Step} came late, the task is at step {Current}")]
    private partial void LogStale(string key, string news, int step, int? current);

    [LoggerMessage(LogLevel.Debug, "{Key}: a hint was lost; the next wake-up makes up for it")]
    private partial void LogHintLost(string key, Exception exception);
}
