using System.Collections.Immutable;
using Ampx.Core.Ci;
using static Ampx.Core.Tasks.Phase;

namespace Ampx.Core.Tasks;

/// <summary>
/// What Ampx does, as two pure functions: <see cref="Apply"/> says what a task becomes, <see cref="Next"/> what to do about it.
/// No clock, no I/O, no logger. <c>docs/task-lifecycle.md</c> draws it.
/// </summary>
public static partial class TaskMachine
{
    /// <summary>The task after <paramref name="news"/>.</summary>
    /// <exception cref="IllegalTransitionException">The news means nothing in the task's phase.</exception>
    public static TaskState Apply(TaskState task, TaskEvent news, TaskRules rules)
    {
        var t = Clock(task, news) with { MergeRefusal = null };
        var now = new Moment(news.At, rules);
        var next = (task.Phase, news) switch
        {
            // People.
            (not (Stopping or Merging or Done), AbortRequested) => Abort(t, now),
            (Done, AbortRequested) when t.PullRequest is { AutoMerge: true } pr => t with { PullRequest = pr with { AutoMerge = false } },
            (Done, ContinueRequested more) => TakeUp(Pend(t, more), now),
            (WaitingForCi or BackingOff or CollectingFeedback or OpeningPr, ContinueRequested more) => TakeUp(Pend(t, more), now),
            (Stopping, ContinueRequested more) => Pend(t, more) with { ContinueAfterStop = true },
            (WaitingForWorker or Preparing or Agent or Publishing, ContinueRequested more) => Pend(t, more),
            (Done, MergeRequested wish) when t.Status is Status.Success => Enter(t, Merging, now) with { Merge = wish.Order, StepFailures = 0 },

            // A worker's way through one run.
            (WaitingForWorker, Claimed { Run.Kind: RunKind.Agent } claim) => Begin(t, claim.Run, now),
            (Preparing, Prepared tree) => Enter(t, Agent, now) with
            {
                Base = tree.Base, BaseSha = tree.BaseSha, StartSha = tree.StartSha, RemoteSha = tree.RemoteSha,
                CompareUrl = tree.CompareUrl, RejectedSha = null, StepFailures = 0,
            },
            (Agent, ThreadCreated thread) => t with { ThreadId = thread.ThreadId },
            (Agent, AgentCommitted done) => Enter(AgentEnded(t, "committed", done.Said, done.Usage), Publishing, now) with { HeadSha = done.Sha },
            (Agent, AgentChangedNothing idle) => ChangedNothing(AgentEnded(t, ErrorCode.NoChanges, idle.Said, idle.Usage), now),
            (Agent, AgentFailed bad) => RunFailed(Close(AgentEnded(t, bad.Code, null, bad.Usage), bad.Code, now), new(bad.Code, bad.Detail), now),
            (Publishing, Pushed done) => AtRemote(t, done, now),
            (Publishing, PushRefused { ForContent: true } no) => NextRun(Close(t, ErrorCode.PushRejected, now) with { RejectedSha = t.HeadSha, HeadSha = t.RemoteSha },
                Prompts.PushRefused(no.Detail), new(ErrorCode.PushRejected, no.Detail), now),
            (Publishing, PushRefused no) => Review(t, new(ErrorCode.PushRejected, no.Detail), now),
            (Publishing, BranchMoved moved) => NextRun(Close(t, "branch_moved", now) with { HeadSha = moved.RemoteSha, RemoteSha = moved.RemoteSha },
                Prompts.BranchMoved(moved.RemoteSha), new(ErrorCode.PushRejected, $"somebody else's commit {Short(moved.RemoteSha)} is on {t.Branch}"), now),
            (Publishing, WorkLost) => Enter(t, WaitingForWorker, now) with { HeadSha = t.RemoteSha, RunCounted = true },

            // CI.
            (WaitingForCi, Claimed { Run.Kind: RunKind.Ci } claim) => t with { Run = claim.Run },
            (WaitingForCi, CiCommandEnded { Code: { } code } end) => Blocked(t, code, end.Detail ?? code, end.Report, now),
            (WaitingForCi, CiCommandEnded { Report.Verdict: "green" } end) => Green(t, end.Report, now),
            (WaitingForCi, CiCommandEnded end) => Enter(Judged(t, end.Report), CollectingFeedback, now),
            (WaitingForCi, CiStarted run) => t with { CiRunId = run.RunId, CiUrl = run.Url, StepFailures = 0 },
            (WaitingForCi, CiPassed ci) => Green(t, ci.Report, now),
            (WaitingForCi, CiFailed ci) => Enter(Judged(t, ci.Report), CollectingFeedback, now),
            (WaitingForCi, CiBlocked ci) => Blocked(t, ci.Code, ci.Detail, ci.Report, now),
            (CollectingFeedback, FeedbackCollected why) => NextRun(Close(t, "red", now) with { StepFailures = 0 }, why.Text, new(ErrorCode.CiFailed, why.Cause), now),

            // Pull request and merge.
            (OpeningPr, PullRequestOpened { PullRequest.State: PullRequestState.Closed or PullRequestState.Merged } open) =>
                Review(t with { PullRequest = open.PullRequest }, new(ErrorCode.PullRequestClosed, $"pull request #{open.PullRequest.Number} is {AmpxJson.Word(open.PullRequest.State)}"), now),
            (OpeningPr, PullRequestOpened open) when t.Ending is { } ending => Finish(t with { PullRequest = open.PullRequest }, ending, now),
            (OpeningPr, PullRequestOpened open) => Enter(t, WaitingForCi, now) with { PullRequest = open.PullRequest, CiSince = news.At, StepFailures = 0 },
            (OpeningPr, StepFailed) when t.Ending is { } ending => Finish(t, ending, now),
            (Merging, Merged) => AfterMerge(t, now) with { PullRequest = (t.PullRequest ?? new(0, t.Repo, PullRequestState.Open)) with { State = PullRequestState.Merged } },
            (Merging, MergeRefused no) => AfterMerge(t, now) with { MergeRefusal = new(no.Code, no.Detail) },
            (Merging, StepFailed bad) => MergeStepFailed(t, new(bad.Code, bad.Detail), now),

            // What fails, passes and is lost.
            (Preparing or Publishing or WaitingForCi or CollectingFeedback or OpeningPr, StepFailed bad) => StepFailedIn(t, new(bad.Code, bad.Detail), now),
            (BackingOff, BackoffEnded) => Enter(t, t.Resume ?? WaitingForWorker, now) with { Resume = null },
            (Preparing or Agent or Publishing, WorkerLost lost) => Lost(t, lost.Detail, now),
            (WaitingForCi, WorkerLost lost) => CiWorkerLost(t, lost.Detail, now),
            (Stopping, RunStopped or WorkerLost) => Stopped(t, now),
            _ => throw new IllegalTransitionException(task.Phase, news),
        };
        next = next with
        {
            Version = task.Version + 1,
            UpdatedAt = news.At,
            Last = new Transition(CauseOf(news), news.By, DetailOf(news)),
        };
        return next with { Summary = Summaries.Of(next) };
    }

    /// <summary>What to do now, read off the state alone, so that a restart forgets nothing.</summary>
    public static TaskEffect Next(TaskState task) => task.Phase switch
    {
        WaitingForWorker => new RequestWorker(RunKind.Agent),
        Preparing or Agent or Publishing or Stopping => new FollowRun(task.Run!),
        WaitingForCi when task is { Forge: ForgeKind.Git, Run: null } => new RequestWorker(RunKind.Ci),
        WaitingForCi when task is { Forge: ForgeKind.Git, Run: { } run } => new FollowRun(run),
        WaitingForCi => new WatchCi(task.HeadSha!),
        CollectingFeedback => new CollectFeedback(),
        BackingOff => new WakeAt(task.NextWakeAt!.Value),
        OpeningPr => new OpenPullRequest(task.Draft || task.Ending is not null || task.Attempt?.Ci?.Verdict is not "green"),
        Merging => new MergePullRequest(task.Merge!),
        Done => new Rest(),
        _ => throw new InvalidOperationException($"phase {task.Phase} of task {task.Id} has no effect"),
    };

    /// <summary>The time and the settings that one transition goes by.</summary>
    private readonly record struct Moment(DateTimeOffset At, TaskRules Rules);

    private static TaskState Enter(TaskState task, Phase phase, Moment now) => task with
    {
        Phase = phase,
        Step = task.Step + 1,
        Status = StatusIn(task, phase),
        Run = phase is Agent or Publishing or Stopping ? task.Run : null,
        NextWakeAt = now.At + now.Rules.SafetyLook,
    };

    private static Status StatusIn(TaskState task, Phase phase) => phase switch
    {
        _ when phase is Stopping or Merging or Done => task.Status,
        WaitingForWorker when task.Attempts == 0 && task.StepFailures == 0 => Status.Queued,
        WaitingForWorker or CollectingFeedback or BackingOff => Status.Retrying,
        _ => task.Attempts > 1 ? Status.Retrying : Status.Running,
    };

    /// <summary>A worker has claimed the run. What waits to be published goes out first; else an attempt begins, counted once.</summary>
    private static TaskState Begin(TaskState task, RunClaim run, Moment now)
    {
        if (task.Unpublished) return Enter(task, Publishing, now) with { Run = run };
        var t = task.PendingInstructions.IsEmpty ? task : JoinPending(task);
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
        if (task.ToldNoChanges) return Review(Close(task, ErrorCode.NoChanges, now), new(ErrorCode.NoChanges, "the agent ended twice without changing a file"), now);
        var again = task with { ToldNoChanges = true, RunCounted = true, Feedback = Prompts.ChangedNothing(task.Feedback) };
        return OverBudget(again) is { } over ? Review(again, over, now) : Enter(again, WaitingForWorker, now);
    }

    private static TaskState AtRemote(TaskState task, Pushed done, Moment now)
    {
        var t = task with
        {
            HeadSha = done.Sha, RemoteSha = done.Sha, CiSince = now.At, CiRunId = null, CiUrl = null, StepFailures = 0,
            Attempt = task.Attempt is { } attempt ? attempt with { Outcome = "pushed", HeadSha = done.Sha } : null,
        };
        if (!t.PendingInstructions.IsEmpty) return TakeUp(Close(t, "pushed", now), now);
        return Enter(t, done.PullRequestFirst && t.PullRequest is null ? OpeningPr : WaitingForCi, now);
    }

    private static TaskState Judged(TaskState task, CiReport report)
    {
        var deciding = report.Runs.FirstOrDefault(run => run.Conclusion is not ("success" or "skipped" or "neutral")) ?? report.Runs.LastOrDefault();
        return task with
        {
            CiRunId = deciding is { Id: > 0 } ? deciding.Id : task.CiRunId,
            CiUrl = deciding?.Url ?? task.CiUrl,
            Attempt = task.Attempt is { } attempt ? attempt with { Ci = report, Outcome = report.Verdict } : null,
        };
    }

    private static TaskState Green(TaskState task, CiReport report, Moment now)
    {
        var t = Judged(task, report) with { StepFailures = 0 };
        var unready = t.PullRequest is null || (t.PullRequest.State is PullRequestState.Draft && !t.Draft);
        return t.Forge is ForgeKind.GitHub && unready
            ? Enter(t, OpeningPr, now)
            : Finish(Close(t, "green", now), new Ending(Status.Success, null), now);
    }

    private static TaskState Blocked(TaskState task, string code, string detail, CiReport report, Moment now) =>
        Review(Close(Judged(task, report), code, now), new(code, detail), now);

    /// <summary>Another run with what is known now, if attempts and budget allow one.</summary>
    private static TaskState NextRun(TaskState task, string feedback, TaskError cause, Moment now)
    {
        var t = task with { Feedback = feedback, Tried = task.Tried.Add($"Attempt {task.Attempts}: {cause.Detail}") };
        if (t.Attempts >= t.MaxAttempts) return Review(t, cause, now);
        return OverBudget(t) is { } over ? Review(t, over, now) : Enter(t, WaitingForWorker, now);
    }

    private static TaskState RunFailed(TaskState task, TaskError cause, Moment now)
    {
        var t = task with { Tried = task.Tried.Add($"Attempt {task.Attempts}: {cause.Detail}") };
        if (ErrorCode.Fatal.Contains(cause.Code)) return Finish(t, new Ending(Status.Error, cause), now);
        if (t.Attempts >= t.MaxAttempts) return Review(t, cause, now);
        return OverBudget(t) is { } over ? Review(t, over, now) : BackOff(t, WaitingForWorker, cause, t.Attempts, now);
    }

    private static TaskState StepFailedIn(TaskState task, TaskError cause, Moment now)
    {
        var t = task with { StepFailures = task.StepFailures + 1 };
        if (ErrorCode.Fatal.Contains(cause.Code)) return Finish(Close(t, cause.Code, now), new Ending(Status.Error, cause), now);
        if (t.StepFailures >= now.Rules.StepAttempts) return Review(Close(t, cause.Code, now), cause, now);
        return BackOff(t, t.Phase is Preparing or Publishing ? WaitingForWorker : t.Phase, cause, t.StepFailures, now);
    }

    private static TaskState MergeStepFailed(TaskState task, TaskError cause, Moment now)
    {
        var t = task with { StepFailures = task.StepFailures + 1 };
        return ErrorCode.Fatal.Contains(cause.Code) || t.StepFailures >= now.Rules.StepAttempts
            ? AfterMerge(t, now) with { MergeRefusal = cause }
            : t with { Step = t.Step + 1, NextWakeAt = now.At + Delay(t, t.StepFailures, now.Rules) };
    }

    private static TaskState BackOff(TaskState task, Phase resume, TaskError cause, int failures, Moment now) => Enter(task, BackingOff, now) with
    {
        Resume = resume, Error = cause, NextWakeAt = now.At + Delay(task, failures, now.Rules),
    };

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
        return t.WorkersLost > now.Rules.WorkersLost
            ? Review(Close(t, ErrorCode.WorkerLost, now), new(ErrorCode.WorkerLost, detail), now)
            : Enter(t, WaitingForWorker, now);
    }

    private static TaskState CiWorkerLost(TaskState task, string detail, Moment now)
    {
        var t = task with { WorkersLost = task.WorkersLost + 1, Run = null };
        return t.WorkersLost > now.Rules.WorkersLost
            ? Review(Close(t, ErrorCode.WorkerLost, now), new(ErrorCode.WorkerLost, detail), now)
            : Enter(t, WaitingForCi, now);
    }

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

    private static TaskState AfterMerge(TaskState task, Moment now) => Enter(task, Done, now) with { NextWakeAt = null, Merge = null, StepFailures = 0 };

    /// <summary>Ends for a person to look at, by way of a draft pull request where the work can be shown in one.</summary>
    private static TaskState Review(TaskState task, TaskError cause, Moment now)
    {
        var ending = new Ending(Status.NeedsReview, cause);
        var show = now.Rules.PullRequestOnNeedsReview && task is { Forge: ForgeKind.GitHub, PullRequest: null, RemoteSha: not null } && task.RemoteSha != task.BaseSha;
        return show ? Enter(task, OpeningPr, now) with { Ending = ending, Status = Status.Retrying, StepFailures = 0 } : Finish(task, ending, now);
    }

    private static TaskState Finish(TaskState task, Ending ending, Moment now) => Enter(task, Done, now) with
    {
        Status = ending.Status, Error = ending.Error, Ending = null, Resume = null, FinishedAt = now.At, NextWakeAt = null,
        RunCounted = false, StepFailures = 0,
    };

    private static TaskState Close(TaskState task, string outcome, Moment now) => task.Attempt is { FinishedAt: null } attempt
        ? task with { Attempt = attempt with { FinishedAt = now.At, Outcome = outcome } }
        : task;

    private static TaskState Pend(TaskState task, ContinueRequested more) => task with
    {
        PendingInstructions = more.Prompt is { } text ? task.PendingInstructions.Add(text) : task.PendingInstructions,
        MaxAttempts = more.MaxAttempts ?? task.MaxAttempts,
        MaxTokens = more.MaxTokens ?? task.MaxTokens,
        MaxTime = more.MaxTime ?? task.MaxTime,
    };

    /// <summary>The waiting instructions become the task's: on its branch and thread, with a fresh budget of attempts.</summary>
    private static TaskState TakeUp(TaskState task, Moment now)
    {
        var t = Close(task, "superseded", now) with
        {
            Attempts = 0, RunCounted = false, StepFailures = 0, WorkersLost = 0, ToldNoChanges = false, Tried = [], Feedback = null,
            Error = null, Ending = null, Resume = null, FinishedAt = null, ContinueAfterStop = false,
        };
        if (!t.PendingInstructions.IsEmpty) t = t with { Prompt = string.Join("\n\n", t.PendingInstructions), PendingInstructions = [] };
        return Enter(t, WaitingForWorker, now);
    }

    /// <summary>Instructions that came while the task waited for a worker: with the first one if no run has seen it yet.</summary>
    private static TaskState JoinPending(TaskState task) => task with
    {
        Prompt = string.Join("\n\n", task.Attempts == 0 ? [task.Prompt, .. task.PendingInstructions] : task.PendingInstructions),
        PendingInstructions = [],
        Attempts = 0, RunCounted = false, WorkersLost = 0, ToldNoChanges = false, Tried = [],
    };

    private static TaskError? OverBudget(TaskState task) => task switch
    {
        { MaxTokens: { } limit, Usage: { } used } when used.InputTokens + used.OutputTokens >= limit =>
            new(ErrorCode.BudgetExhausted, $"{used.InputTokens + used.OutputTokens} of {limit} tokens are used"),
        { MaxTime: { } limit } when task.TimeSpent >= limit => new(ErrorCode.BudgetExhausted, $"{task.TimeSpent:c} of {limit:c} are used"),
        _ => null,
    };

    /// <summary>Counts the time since the last change where it was work or CI.</summary>
    private static TaskState Clock(TaskState task, TaskEvent news) =>
        task.Phase is WaitingForWorker or Stopping or Merging or Done || news.At <= task.UpdatedAt
            ? task
            : task with { TimeSpent = task.TimeSpent + (news.At - task.UpdatedAt) };

    private static string CauseOf(TaskEvent news) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(news.GetType().Name);

    private static string? DetailOf(TaskEvent news) => news switch
    {
        ContinueRequested { Prompt: { } prompt } => prompt,
        Claimed claim => claim.Run.WorkerId,
        AgentCommitted done => Short(done.Sha),
        AgentFailed bad => $"{bad.Code}: {bad.Detail}",
        Pushed done => Short(done.Sha),
        PushRefused no => no.Detail,
        BranchMoved moved => Short(moved.RemoteSha),
        WorkLost lost => lost.Detail,
        WorkerLost lost => lost.Detail,
        CiBlocked ci => $"{ci.Code}: {ci.Detail}",
        CiCommandEnded { Code: { } code } end => $"{code}: {end.Detail}",
        CiCommandEnded end => end.Report.Verdict,
        FeedbackCollected why => why.Cause,
        PullRequestOpened open => open.PullRequest.Url,
        Merged merged => Short(merged.Sha),
        MergeRefused no => $"{no.Code}: {no.Detail}",
        StepFailed bad => $"{bad.Code}: {bad.Detail}",
        _ => null,
    };

    internal static string Short(string sha) => sha.Length > 10 ? sha[..10] : sha;
}

/// <summary>News that mean nothing in the phase they came in.</summary>
[GenerateSerializer, Alias("ampx.illegal-transition.v1")]
public sealed class IllegalTransitionException : InvalidOperationException
{
    public IllegalTransitionException(Phase phase, TaskEvent news)
        : base($"a task in phase {AmpxJson.Word(phase)} can't take {news.GetType().Name}")
    {
    }

    public IllegalTransitionException() { }
    public IllegalTransitionException(string message) : base(message) { }
    public IllegalTransitionException(string message, Exception inner) : base(message, inner) { }
}
