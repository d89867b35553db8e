using Orleans.Concurrency;

namespace Ampx.Core.Tasks;

/// <summary>One task. Its key is <see cref="KeyOf"/>.</summary>
[Alias("ampx.task")]
public interface ITaskGrain : IGrainWithStringKey
{
    /// <summary>The grain key of a task id. The prefix keeps Orleans' storage from reading the key as a hexadecimal number.</summary>
    static string KeyOf(string taskId) => $"task-{taskId}";

    /// <summary>Makes the task durable and sets it going. Called again with the same id it answers the task as it is.</summary>
    [Alias("Create")]
    Task<TaskState> Create(NewTask order);

    /// <summary>The task as it is; null if there is none.</summary>
    [Alias("Find"), AlwaysInterleave, ReadOnly]
    Task<TaskState?> Find();

    /// <summary>A person's order: <see cref="AbortRequested"/>, <see cref="ContinueRequested"/> or <see cref="MergeRequested"/>.</summary>
    /// <param name="order">Says in <see cref="TaskEvent.By"/> who gives it.</param>
    /// <param name="ifVersion">The version that the person saw; refused with <c>precondition_failed</c> if the task has moved on.</param>
    /// <returns>Null once the order is durable; else why it isn't taken.</returns>
    [Alias("Order")]
    Task<Refusal?> Order(TaskEvent order, int? ifVersion);

    /// <summary>A worker takes the run that the queue offered for <paramref name="step"/>.</summary>
    /// <returns>The task with the run in it; null if somebody else has it or the task has moved on.</returns>
    [Alias("Claim")]
    Task<TaskState?> Claim(int step, RunClaim run);

    /// <summary>Reports <paramref name="news"/> of the effect that was started in <paramref name="step"/>.</summary>
    /// <returns>The task after it; null if the step is over and the news was dropped.</returns>
    [Alias("Tell")]
    Task<TaskState?> Tell(TaskEvent news, int step);

    /// <summary>True while the run is the task's and may push.</summary>
    [Alias("MayPush")]
    Task<bool> MayPush(int step, string runId);

    /// <summary>Does again what the state asks for. Only a hint: too often is as good as once.</summary>
    [Alias("Wake")]
    Task Wake();

    /// <summary>How far the work of <paramref name="step"/> is. It is remembered for those who watch and may get lost.</summary>
    [Alias("Report"), AlwaysInterleave, OneWay]
    Task Report(int step, TaskProgress progress);

    /// <summary>What was reported last of the step under way; null if nothing was. Who asks is watching: CI's jobs are counted for nobody else.</summary>
    [Alias("Progress"), AlwaysInterleave]
    Task<TaskProgress?> Progress();

    /// <summary>Removes the ended task from storage: state, index row, timeline and attempts in one commit. Done again, or where there is none, it does nothing.</summary>
    /// <param name="ifVersion">As in <see cref="Order"/>.</param>
    /// <returns>Null once it is gone; else why it isn't.</returns>
    [Alias("Remove")]
    Task<Refusal?> Remove(int? ifVersion);

    /// <summary>The state, for the dashboard.</summary>
    [Alias("GetState"), AlwaysInterleave, ReadOnly]
    Task<TaskState> GetState();
}
