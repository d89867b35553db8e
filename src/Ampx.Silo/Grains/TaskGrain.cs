using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Grains;

/// <summary>The thin shell around <see cref="TaskMachine"/>: remembers first, then acts.</summary>
[Orleans.Placement.RandomPlacement]
public sealed partial class TaskGrain(
    [PersistentState(StorageExtensions.TaskStateName, StorageExtensions.StorageName)] IPersistentState<TaskState> stored,
    ForgeDesk desk, TimeProvider clock, TaskRules rules, ILogger<TaskGrain> log) : Grain, ITaskGrain
{
    public async Task<TaskState> Create(NewTask order)
    {
        if (!stored.RecordExists) await Remember(TaskMachine.Create(order, clock.GetUtcNow(), rules));
        return stored.State;
    }

    public Task<TaskState?> Find() => Task.FromResult(stored.RecordExists ? stored.State : null);

    public Task<TaskState> GetState() => Task.FromResult(stored.State);

    public async Task<Refusal?> Order(TaskEvent order, int? ifVersion)
    {
        if (!stored.RecordExists) return new Refusal(ErrorCodes.Conflict, "there is no such task");
        if (ifVersion is { } seen && seen != stored.State.Version)
            return new Refusal(ErrorCodes.PreconditionFailed, $"the task is at version {stored.State.Version}, not {seen}: look at it again first");
        if (TaskMachine.WhyNot(stored.State, order) is { } refusal) return refusal;
        await Remember(Apply(order));
        return null;
    }

    public async Task<TaskState?> Claim(int step, RunClaim run)
    {
        if (!stored.RecordExists || step != stored.State.Step) return null;
        if (stored.State.Run is { } held) return held == run ? stored.State : null;
        if (TaskMachine.Next(stored.State) is not RequestWorker wanted || wanted.Kind != run.Kind) return null;
        await Remember(Apply(new Claimed(run)));
        return stored.State;
    }

    public async Task<TaskState?> Tell(TaskEvent news, int step)
    {
        if (!stored.RecordExists || step != stored.State.Step)
        {
            LogStale(this.GetPrimaryKeyString(), news.GetType().Name, step, stored.State.Step);
            return null;
        }

        await Remember(Apply(news));
        return stored.State;
    }

    public Task<bool> MayPush(int step, string runId) =>
        Task.FromResult(stored.RecordExists && stored.State.Step == step && stored.State.Run?.RunId == runId);

    public async Task Wake()
    {
        if (!stored.RecordExists) return;
        if (TaskMachine.Next(stored.State) is WakeAt wake && wake.Time <= clock.GetUtcNow()) await Remember(Apply(new BackoffEnded()));
        else Drive();
    }

    private TaskState Apply(TaskEvent news) => TaskMachine.Apply(stored.State, news with { At = clock.GetUtcNow() }, rules);

    private async Task Remember(TaskState next)
    {
        var before = stored.State;
        stored.State = next;
        try
        {
            await stored.WriteStateAsync();
        }
        catch
        {
            // Storage is the truth: what this memory holds now may never have been written.
            DeactivateOnIdle();
            throw;
        }

        LogTransition(next.Id, before.Phase, next.Phase, next.Version, next.Last.Cause);
        Drive();
    }

    /// <summary>Starts what the state asks for. Nothing here is awaited by the caller: the state is safe, and every hint may get lost.</summary>
    private void Drive()
    {
        var task = stored.State;
        switch (TaskMachine.Next(task))
        {
            case RequestWorker wanted:
                Hint(GrainFactory.GetGrain<IWorkQueueGrain>(0).Offer(new QueueEntry(task.Id, task.Owner, task.Repo, task.Step, wanted.Kind)));
                break;
            case FollowRun at:
                Hint(GrainFactory.GetGrain<IWorkQueueGrain>(0).Follow(new HeldRun(task.Id, task.Repo, at.Run)));
                break;
            case WatchCi:
                Hint(GrainFactory.GetGrain<ICiWatchGrain>(desk.KeyOf(task)).Watch(task.Id, task.Step));
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
        call.ContinueWith(failed => LogHintLost(stored.State.Id, failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    [LoggerMessage(LogLevel.Information, "task {Task}: {From} -> {To}, version {Version}, {Cause}")]
    private partial void LogTransition(string task, Phase from, Phase to, int version, string cause);

    [LoggerMessage(LogLevel.Debug, "{Key}: {News} of step {Step} came late, the task is at step {Current}")]
    private partial void LogStale(string key, string news, int step, int current);

    [LoggerMessage(LogLevel.Debug, "task {Task}: a hint was lost; the next wake-up makes up for it")]
    private partial void LogHintLost(string task, Exception exception);
}
