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

    /// <summary>The issue whose text is the instruction; <see cref="Prompt"/> may be empty then.</summary>
    [Id(12)] public int? Issue { get; init; }
    [Id(13)] public bool AutoMerge { get; init; }

    /// <inheritdoc cref="TaskState.Trace"/>
    [Id(14)] public string? Trace { get; init; }
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
            Id = order.Id,
            Owner = order.Owner,
            Repo = order.Repo,
            Forge = order.Forge,
            Base = order.Base,
            Branch = BranchName.Of(order.Issue is { } issue ? $"issue {issue} {order.Prompt}" : order.Prompt, order.Id),
            Agent = order.Agent,
            Prompt = order.Prompt.Length > 0 ? order.Prompt : $"Resolve issue #{order.Issue}.",
            Issue = order.Issue,
            AutoMergeWanted = order.AutoMerge,
            MaxAttempts = order.MaxAttempts,
            MaxTokens = order.MaxTokens,
            MaxTime = order.MaxTime,
            CiCommand = order.CiCommand,
            Draft = order.Draft,
            Status = Status.Queued,
            Phase = WaitingForWorker,
            Version = 1,
            Step = 1,
            CreatedAt = at,
            UpdatedAt = at,
            EnteredAt = at,
            Trace = order.Trace,
            NextWakeAt = at + rules.SafetyLook,
            Last = new Transition("created", order.Owner, order.Prompt),
        };
        return task with { Summary = Summaries.Of(task) };
    }

    /// <summary>Why a person's order can't be taken in this state; null if it can.</summary>
    public static Refusal? WhyNot(TaskState task, TaskEvent order) => order switch
    {
        AbortRequested => task switch
        {
            { Phase: Stopping } => No(task, $"is being stopped already; {Abortable}"),
            { Phase: Merging } => No(task, $"is being merged; {Abortable}"),
            { Phase: Done, PullRequest.AutoMerge: true } => null,
            { Phase: Done } => No(task, $"has ended as {AmpxJson.Word(task.Status)}; {Abortable}"),
            _ => null,
        },
        ContinueRequested more => task switch
        {
            { Phase: Merging } => No(task, "is being merged; a task in any other phase can be continued, this one unless it gets merged"),
            { PullRequest.State: PullRequestState.Merged } => new(ErrorCodes.BranchGone, $"task {task.Id} is merged, so its branch {task.Branch} takes no more work: start a new task"),
            _ when more.Prompt is null && IsHeld(task) => null,
            { Phase: not (WaitingForWorker or Preparing or Agent or Publishing) } when OverBudget(Pend(task, more)) is { } over =>
                new(ErrorCodes.BudgetExhausted, $"{over.Detail}: give a higher limit with the instruction"),
            _ => null,
        },
        MergeRequested wish => task switch
        {
            { Phase: Merging } => No(task, "is being merged already; only a task with status success that isn't merged can be"),
            { PullRequest.State: PullRequestState.Merged } => No(task, "is merged already; only a task with status success that isn't merged can be"),
            { Phase: Done, Status: Status.Success } => null,
            _ when wish.Order.Force && MayForce(task) => null,
            _ when wish.Order.Force && IsHeld(task) => new(ErrorCodes.NotMergeable, $"task {task.Id} has no pull request yet: 'ampx continue' without an instruction takes the change as it is and opens one"),
            _ when IsHeld(task) => new(ErrorCodes.NotMergeable, $"task {task.Id} is needs_review: {Summaries.FirstLine(task.Error!.Detail)}; 'ampx merge --force' merges it all the same"),
            _ => new(ErrorCodes.NotMergeable, $"task {task.Id} is {AmpxJson.Word(task.Status)}, not success: only a commit that CI found green is merged"),
        },
        _ => throw new ArgumentException($"{order.GetType().Name} is no order of a person's", nameof(order)),
    };

    /// <summary>Why the task can't be removed; null if it can.</summary>
    public static Refusal? WhyNotRemoved(TaskState task) => task switch
    {
        { Phase: Done } => null,
        { Phase: Stopping } => No(task, $"is being stopped; {Removable}"),
        _ => No(task, $"is {AmpxJson.Word(task.Status)}; {Removable}: abort it first"),
    };

    private const string Removable = "only tasks that have ended can be removed (success, needs_review, error, aborted)";

    private const string Abortable = "only queued, running and retrying tasks can be aborted";

    private static Refusal No(TaskState task, string why) => new(ErrorCodes.Conflict, $"task {task.Id} {why}");

    private static TaskState Abort(TaskState task, Moment now)
    {
        var t = Close(task, "aborted", now) with { Status = Status.Aborted };
        var ending = new Ending(Status.Aborted, null);
        return t.Run is null ? Finish(t, ending, now) : Enter(t, Stopping, now) with { Ending = ending };
    }

    private static TaskState Stopped(TaskState task, Moment now)
    {
        var t = Finish(task, task.Ending ?? new Ending(Status.Aborted, null), now);
        return task.ContinueAfterStop ? TakeUp(t, now) : t;
    }

    private static TaskState Pend(TaskState task, ContinueRequested more) => task with
    {
        PendingInstructions = more.Prompt is { } text ? task.PendingInstructions.Add(text) : task.PendingInstructions,
        MaxAttempts = more.MaxAttempts ?? task.MaxAttempts,
        MaxTokens = more.MaxTokens ?? task.MaxTokens,
        MaxTime = more.MaxTime ?? task.MaxTime,
        Trace = more.Trace ?? task.Trace,
    };

    /// <summary>The instruction waits for what is under way; the runs that were made already can't be unmade by a lower limit.</summary>
    private static TaskState Wait(TaskState task, ContinueRequested more, Moment now)
    {
        var t = Pend(task, more);
        t = t with { MaxAttempts = Math.Max(t.MaxAttempts, t.Attempts) };
        return t.Phase is WaitingForWorker && CanTakeUp(t) ? Superseded(t, now) : t;
    }

    /// <summary>Closes what was begun on the instruction before: no later change would.</summary>
    private static TaskState Superseded(TaskState task, Moment now) => Close(task, "superseded", now);

    /// <summary>A commit that is made already goes out first: the instructions wait for that.</summary>
    private static bool CanTakeUp(TaskState task) => !task.PendingInstructions.IsEmpty && !task.Unpublished;

    /// <summary>The waiting instructions become the task's, or, without any, the last one is run again.</summary>
    private static TaskState TakeUp(TaskState task, Moment now) => task.Unpublished
        ? Queue(Afresh(task) with { Attempts = 1, Attempt = task.Attempt! with { Outcome = "committed", FinishedAt = null } }, now) with { Status = Status.Queued }
        : Queue(NewInstruction(Superseded(task, now)), now);

    /// <summary>The pending instructions in order, after the present one if no agent has begun on that and nobody has ended it.</summary>
    private static TaskState NewInstruction(TaskState task)
    {
        var unseen = task.Phase is not Done && (task.Attempts == 0 || task is { Attempts: 1, RunCounted: true, ToldNoChanges: false });
        string[] texts = unseen || task.PendingInstructions.IsEmpty ? [task.Prompt, .. task.PendingInstructions] : [.. task.PendingInstructions];
        return Afresh(task) with { Prompt = string.Join("\n\n", texts), PendingInstructions = [] };
    }

    /// <summary>On the same branch and thread, with a fresh budget of attempts and nothing of what went wrong before.</summary>
    private static TaskState Afresh(TaskState task) => task with
    {
        Attempts = 0,
        RunCounted = false,
        StepFailures = 0,
        WorkersLost = 0,
        ToldNoChanges = false,
        Tried = [],
        Feedback = null,
        Error = null,
        Ending = null,
        Resume = null,
        FinishedAt = null,
        ContinueAfterStop = false,
        PullRequest = Open(task).PullRequest,
    };

    /// <summary>Another pull request takes the place of a closed one.</summary>
    private static TaskState Open(TaskState task) => task.PullRequest is { State: PullRequestState.Closed } ? task with { PullRequest = null } : task;
}
