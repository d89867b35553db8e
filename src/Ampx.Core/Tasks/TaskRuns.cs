using static Ampx.Core.Tasks.Phase;

namespace Ampx.Core.Tasks;

// Runs: how they begin, end, fail and are lost, and what waits for the next one.
public static partial class TaskMachine
{
    /// <summary>A worker has claimed the run. What waits to be published goes out first; else an attempt begins, counted once.</summary>
    private static TaskState Begin(TaskState task, RunClaim run, Moment now)
    {
        if (task.Unpublished) return Enter(task, Publishing, now) with { Run = run };
        var t = task.PendingInstructions.IsEmpty ? task : NewInstruction(task);
        if (!t.RunCounted)
        {
            t = t with
            {
                Attempts = t.Attempts + 1,
                RunCounted = true,
                Attempt = new Attempt { Number = (t.Attempt?.Number ?? 0) + 1, Instruction = t.Prompt, StartedAt = now.At, Feedback = t.Feedback },
            };
        }

        return Enter(t, Preparing, now) with { Run = run };
    }

    private static TaskState AgentEnded(TaskState task, string outcome, string? said, Usage? usage) => task with
    {
        RunCounted = false,
        Usage = Usage.Sum(task.Usage, usage),
        Attempt = task.Attempt is { } attempt
            ? attempt with { Outcome = outcome, Said = said ?? attempt.Said, Usage = Usage.Sum(attempt.Usage, usage) }
            : null,
    };

    private static TaskState ChangedNothing(TaskState task, Moment now)
    {
        // What a person has taken needs no change any more: CI's verdict on it is read again.
        if (task.ToldNoChanges && task.PendingInstructions.IsEmpty && IsTaken(task)) return Enter(Close(task, ErrorCodes.NoChanges, now), WaitingForCi, now) with { CiSince = now.At };
        if (task.ToldNoChanges) return Review(Close(task, ErrorCodes.NoChanges, now), new(ErrorCodes.NoChanges, NothingChanged(task)), now);
        var again = task with { ToldNoChanges = true, RunCounted = true, Feedback = Prompts.ChangedNothing(task.Feedback) };
        return Queue(again, now);
    }

    private static string NothingChanged(TaskState task)
    {
        const string what = "the agent ended twice without changing a file that git keeps (ignored ones don't count)";
        return task.Attempt?.Said is { Length: > 0 } said ? $"{what}; it said: {said}" : $"{what}: say in the next instruction what should be different";
    }

    /// <summary>The server won't have the commit: whatever run comes next gets its changes uncommitted.</summary>
    private static TaskState Refused(TaskState task, Moment now) => Close(task, ErrorCodes.PushRejected, now) with { RejectedSha = task.HeadSha, HeadSha = task.RemoteSha };

    private static TaskState AtRemote(TaskState task, Pushed done, Moment now)
    {
        var t = task with
        {
            HeadSha = done.Sha,
            RemoteSha = done.Sha,
            Checkpoint = null,
            CiSince = now.At,
            CiRunId = null,
            CiUrl = null,
            Guarded = done.Guards?.Findings ?? [],
            StepFailures = 0,
            Attempt = task.Attempt is { } attempt ? attempt with { Outcome = "pushed", HeadSha = done.Sha } : null,
        };
        if (!t.PendingInstructions.IsEmpty) return TakeUp(Close(t, "pushed", now), now);
        return Enter(t, done.PullRequestFirst && t.PullRequest is null ? OpeningPr : WaitingForCi, now);
    }

    /// <summary>Another run with what is known now, if attempts and budget allow one.</summary>
    private static TaskState NextRun(TaskState task, string feedback, TaskError cause, Moment now)
    {
        var t = WithTried(task, cause) with { Feedback = feedback, StepFailures = 0 };
        return t.Attempts >= t.MaxAttempts ? Review(t, cause, now) : Queue(t, now);
    }

    private static TaskState RunFailed(TaskState task, TaskError cause, Moment now)
    {
        var t = WithTried(task, cause);
        if (ErrorCodes.Fatal.Contains(cause.Code)) return Finish(t, new Ending(Status.Error, cause), now);
        if (t.Attempts >= t.MaxAttempts || cause.Code is ErrorCodes.BudgetExhausted) return Review(t, cause, now);
        return OverBudget(t) is { } over ? Review(t, over, now) : BackOff(t, WaitingForWorker, cause, t.Attempts, now);
    }

    private static TaskState WithTried(TaskState task, TaskError cause) =>
        task with { Tried = task.Tried.Add($"Attempt {task.Attempts}: {Summaries.FirstLine(cause.Detail)}") };

    private static TaskState StepFailedIn(TaskState task, TaskError cause, Moment now)
    {
        var t = task with { StepFailures = task.StepFailures + 1 };
        var fatal = ErrorCodes.Fatal.Contains(cause.Code);
        var hopeless = fatal || cause.Code is ErrorCodes.CiNotConfigured; // no try mends what a person has to write
        if (!hopeless && t.StepFailures < now.Rules.StepAttempts)
            return BackOff(t, ResumeOf(t.Phase), cause, t.StepFailures, now);
        if (t.Ending is { } ending) return Finish(t, ending, now);
        t = Close(t, cause.Code, now);
        return fatal ? Finish(t, new Ending(Status.Error, cause), now) : Review(t, cause, now);
    }

    private static TaskState MergeStepFailed(TaskState task, TaskError cause, Moment now)
    {
        var t = task with { StepFailures = task.StepFailures + 1 };
        return ErrorCodes.Fatal.Contains(cause.Code) || t.StepFailures >= now.Rules.StepAttempts
            ? AfterMerge(t, now) with { MergeRefusal = cause }
            : Enter(t, Merging, now) with { Resume = Merging, NextWakeAt = now.At + Delay(t, t.StepFailures, now.Rules) };
    }

    private static TaskState BackOff(TaskState task, Phase resume, TaskError cause, int failures, Moment now) =>
        WaitUntil(now.At + Delay(task, failures, now.Rules), task, resume, cause, now);

    /// <summary>An instruction that waits comes first, unless the task is on its way to a person.</summary>
    private static TaskState WaitUntil(DateTimeOffset time, TaskState task, Phase resume, TaskError? cause, Moment now) => CanTakeUp(task) && task.Ending is null
        ? TakeUp(task, now)
        : Enter(task, BackingOff, now) with { Resume = resume, Error = cause, NextWakeAt = time };

    /// <summary>A step that a worker was at needs a worker again.</summary>
    private static Phase ResumeOf(Phase phase) => phase is Preparing or Publishing ? WaitingForWorker : phase;

    private static TaskState Resumed(TaskState task, Phase phase, Moment now) => phase is WaitingForWorker ? Queue(task, now) : Enter(task, phase, now);

    /// <summary>Exponential, from half to the whole of the step, by a jitter that the task and its version decide: the same state always waits the same.</summary>
    private static TimeSpan Delay(TaskState task, int failures, TaskRules rules)
    {
        var full = Math.Min(rules.BaseDelay.TotalSeconds * Math.Pow(2, Math.Min(failures, 30) - 1), rules.MaxDelay.TotalSeconds);
        var hash = 2166136261u;
        foreach (var c in task.Id) hash = (hash ^ c) * 16777619u;
        hash = (hash ^ (uint)task.Version) * 16777619u;
        return TimeSpan.FromSeconds(full * (0.5 + (hash >> 8) / (double)(1 << 24) / 2));
    }

    private static TaskState Lost(TaskState task, string detail, Moment now)
    {
        var t = task with { WorkersLost = task.WorkersLost + 1, RunCounted = task.Phase is not Publishing };
        return t.WorkersLost > now.Rules.WorkersLost ? LostTooOften(t, detail, now) : Queue(t, now);
    }

    private static TaskState CiWorkerLost(TaskState task, string detail, Moment now)
    {
        var t = task with { WorkersLost = task.WorkersLost + 1 };
        return t.WorkersLost > now.Rules.WorkersLost ? LostTooOften(t, detail, now) : Enter(t, WaitingForCi, now);
    }

    private static TaskState LostTooOften(TaskState task, string detail, Moment now) =>
        Review(Close(task, ErrorCodes.WorkerLost, now), new(ErrorCodes.WorkerLost, detail), now);

    /// <summary>Waits for a worker; for another agent run only within the budget.</summary>
    private static TaskState Queue(TaskState task, Moment now)
    {
        if (!task.Unpublished && OverBudget(task) is { } over) return Review(task, over, now);
        return Enter(CanTakeUp(task) ? Superseded(task, now) : task, WaitingForWorker, now);
    }

    private static TaskError? OverBudget(TaskState task) => task switch
    {
        { MaxTokens: { } limit, Usage: { } used } when used.InputTokens + used.OutputTokens >= limit =>
            new(ErrorCodes.BudgetExhausted, $"{used.InputTokens + used.OutputTokens} of {limit} tokens are used"),
        { MaxTime: { } limit } when task.TimeSpent >= limit => new(ErrorCodes.BudgetExhausted, $"{task.TimeSpent:c} of {limit:c} are used"),
        _ => null,
    };
}
