using static Ampx.Core.Tasks.Phase;

namespace Ampx.Core.Tasks;

/// <summary>A validated request for a new task.</summary>
[GenerateSerializer, Immutable, Alias("ampx.new-task.v1")]
public sealed record NewTask
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required string Owner { get; init; }
    [Id(2)] public required string Repo { get; init; }
    [Id(3)] public ForgeKind Forge { get; init; }
    [Id(4)] public string? Base { get; init; }
    [Id(5)] public required string Agent { get; init; }
    [Id(6)] public required string Prompt { get; init; }
    [Id(7)] public int MaxAttempts { get; init; } = 3;
    [Id(8)] public long? MaxTokens { get; init; }
    [Id(9)] public TimeSpan? MaxTime { get; init; }
    [Id(10)] public string? CiCommand { get; init; }
    [Id(11)] public bool Draft { get; init; }
}

/// <summary>Why an order isn't taken: the problem's code and words, which name the states that would allow it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.refusal.v1")]
public sealed record Refusal(string Code, string Detail);

public static partial class TaskMachine
{
    /// <summary>A new task's first state.</summary>
    public static TaskState Create(NewTask order, DateTimeOffset at, TaskRules rules)
    {
        var task = new TaskState
        {
            Id = order.Id, Owner = order.Owner, Repo = order.Repo, Forge = order.Forge, Base = order.Base,
            Branch = BranchName.Of(order.Prompt, order.Id), Agent = order.Agent, Prompt = order.Prompt,
            MaxAttempts = order.MaxAttempts, MaxTokens = order.MaxTokens, MaxTime = order.MaxTime, CiCommand = order.CiCommand, Draft = order.Draft,
            Status = Status.Queued, Phase = WaitingForWorker, Version = 1, Step = 1,
            CreatedAt = at, UpdatedAt = at, NextWakeAt = at + rules.SafetyLook,
            Last = new Transition("created", order.Owner, order.Prompt),
        };
        return task with { Summary = Summaries.Of(task) };
    }

    /// <summary>Why a person's order can't be taken in this state; null if it can.</summary>
    public static Refusal? WhyNot(TaskState task, TaskEvent order) => order switch
    {
        AbortRequested => task switch
        {
            { Phase: Stopping } => No(task, "it is being stopped already"),
            { Phase: Merging } => No(task, "it is being merged; wait for that to end"),
            { Phase: Done, PullRequest.AutoMerge: true } => null,
            { Phase: Done } => No(task, $"it has ended ({AmpxJson.Word(task.Status)}); only queued, running and retrying tasks can be aborted"),
            _ => null,
        },
        ContinueRequested more => task switch
        {
            { Phase: Merging } => No(task, "it is being merged; wait for that to end"),
            { PullRequest.State: PullRequestState.Merged } => new(ErrorCode.BranchGone, $"task {task.Id} is merged, so its branch {task.Branch} takes no more work: start a new task"),
            { Phase: Done } when OverBudget(Pend(task, more)) is { } over => new(ErrorCode.BudgetExhausted, $"{over.Detail}: give a higher limit with the instruction"),
            _ => null,
        },
        MergeRequested => task switch
        {
            { Phase: Merging } => No(task, "it is being merged already"),
            { PullRequest.State: PullRequestState.Merged } => No(task, "it is merged already"),
            { Phase: Done, Status: Status.Success } => null,
            _ => new(ErrorCode.NotMergeable, $"task {task.Id} is {AmpxJson.Word(task.Status)}, not success: only a commit that CI found green is merged"),
        },
        _ => throw new ArgumentException($"{order.GetType().Name} is no order of a person's", nameof(order)),
    };

    private static Refusal No(TaskState task, string why) => new(ErrorCode.Conflict, $"task {task.Id}: {why}");
}
