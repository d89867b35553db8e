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
            (Done, AbortRequested) when t.PullRequest is { AutoMerge: true } => Enter(t, Merging, now) with { Merge = new(Disarm: true), AutoMergeWanted = false },
            (Done, ContinueRequested { Prompt: null } more) when IsHeld(t) && t.PendingInstructions.IsEmpty => Accept(Pend(t, more), now),
            (WaitingForCi or BackingOff or CollectingFeedback or OpeningPr or Done, ContinueRequested more) when t.PullRequest is not { State: PullRequestState.Merged } =>
                TakeUp(Pend(IsHeld(t) ? Overrule(t) : t, more), now),
            (WaitingForWorker or Preparing or Agent or Publishing, ContinueRequested more) => Wait(t, more, now),
            (Stopping, ContinueRequested more) => Wait(t, more, now) with { ContinueAfterStop = true },
            (Done, MergeRequested wish) when t is { Status: Status.Success, PullRequest: not { State: PullRequestState.Merged } } =>
                Enter(t, Merging, now) with { Merge = wish.Order },
            (Done, MergeRequested { Order.Force: true } wish) when MayForce(t) => Enter(t, Merging, now) with { Merge = wish.Order },

            // A worker's way through one run.
            (WaitingForWorker, Claimed { Run.Kind: RunKind.Agent } claim) => Begin(t with { LastWorker = claim.Run.WorkerId }, claim.Run, now),
            (Preparing, Prepared tree) => Enter(t, Agent, now) with
            {
                Base = tree.Base,
                BaseSha = tree.BaseSha,
                StartSha = tree.StartSha,
                RemoteSha = tree.RemoteSha,
                HeadSha = tree.RemoteSha,
                CompareUrl = tree.CompareUrl,
                Restored = tree.Restored,
                StepFailures = 0,
                IssueTitle = tree.Issue?.Title ?? t.IssueTitle,
                Prompt = tree.Issue is { } issue ? Prompts.WithIssue(t, issue) : t.Prompt,
                Attempt = tree.Issue is { } text && t.Attempt is { } attempt ? attempt with { Instruction = Prompts.WithIssue(t, text) } : t.Attempt,
            },
            (Agent, ThreadCreated thread) => t with { ThreadId = thread.ThreadId },
            (Agent, AgentCommitted done) => Enter(AgentEnded(t, "committed", done.Said, done.Usage), Publishing, now) with { HeadSha = done.Sha, RejectedSha = null },
            (Agent, AgentChangedNothing idle) => ChangedNothing(AgentEnded(t, ErrorCodes.NoChanges, idle.Said, idle.Usage) with { RejectedSha = null }, now),
            (Agent, AgentFailed bad) => RunFailed(Close(AgentEnded(t, bad.Code, null, bad.Usage), bad.Code, now), new(bad.Code, bad.Detail), now),
            (Publishing, Pushed done) => AtRemote(t, done, now),
            (Publishing, PushRefused { ForContent: true } no) => NextRun(Refused(t, now), Prompts.PushRefused(no.Detail), new(ErrorCodes.PushRejected, no.Detail), now),
            (Publishing, PushRefused no) => Review(Refused(t, now), new(ErrorCodes.PushRejected, no.Detail), now),
            (Publishing, BranchMoved moved) => NextRun(Close(t, "branch_moved", now) with { HeadSha = moved.RemoteSha, RemoteSha = moved.RemoteSha },
                Prompts.BranchMoved(moved.RemoteSha), new(ErrorCodes.PushRejected, $"somebody else's commit {Short(moved.RemoteSha)} is on {t.Branch}"), now),
            (Publishing, WorkLost) => Queue(t with { HeadSha = t.RemoteSha, RunCounted = true, StepFailures = 0 }, now),

            // At any time: a run's work is brought to safety while it is under way, as it ends, and where that failed later.
            (_, Checkpointed kept) => t with { Checkpoint = kept.Sha, MergeRefusal = task.MergeRefusal },

            // CI.
            (WaitingForCi, Claimed { Run.Kind: RunKind.Ci } claim) when t is { Forge: ForgeKind.Git, Run: null } => t with { Run = claim.Run },
            (WaitingForCi, CiCommandEnded { Code: { } code } end) when t.Run is not null => Blocked(t, code, end.Detail ?? code, end.Report, now),
            (WaitingForCi, CiCommandEnded { Report.Verdict: "green" } end) when t.Run is not null => Green(t, end.Report, now),
            (WaitingForCi, CiCommandEnded end) when t.Run is not null => Enter(Judged(t, end.Report), CollectingFeedback, now),
            (WaitingForCi, CiStarted run) => t with { CiRunId = run.RunId, CiUrl = run.Url, StepFailures = 0, NextWakeAt = (t.CiSince ?? now.At) + rules.CiTimeout },
            (WaitingForCi, CiPassed ci) => Green(t with { PullRequest = ci.PullRequest ?? t.PullRequest }, ci.Report, now),
            (WaitingForCi, CiFailed ci) => Enter(Judged(t, ci.Report), CollectingFeedback, now),
            // What doesn't run on a draft may run on a pull request that is ready; the draft was Ampx's own idea.
            (WaitingForCi, CiBlocked { Code: ErrorCodes.CiNotStarted } ci) when t is { Draft: false, PullRequest.State: PullRequestState.Draft } => Enter(Judged(t, ci.Report), OpeningPr, now),
            (WaitingForCi, CiBlocked ci) => Blocked(t with { PullRequest = ci.PullRequest ?? t.PullRequest }, ci.Code, ci.Detail, ci.Report, now),
            (CollectingFeedback, FeedbackCollected why) => NextRun(Close(t, "red", now), why.Text, new(ErrorCodes.CiFailed, why.Cause), now),

            // Pull request and merge.
            (OpeningPr, PullRequestOpened open) when t.Ending is { } ending => Finish(t with { PullRequest = open.PullRequest }, ending, now),
            (OpeningPr, PullRequestOpened { PullRequest.State: PullRequestState.Closed or PullRequestState.Merged } open) =>
                Review(t with { PullRequest = open.PullRequest }, new(ErrorCodes.PullRequestClosed, $"pull request #{open.PullRequest.Number} is {AmpxJson.Word(open.PullRequest.State)}"), now),
            (OpeningPr, PullRequestOpened open) => Enter(t, WaitingForCi, now) with { PullRequest = open.PullRequest, CiSince = news.At, StepFailures = 0 },
            (Merging, Merged) => AfterMerge(Forced(t), now) with
            {
                // A plain git repository has no pull requests: the merged branch stands for one, with number 0.
                PullRequest = (t.PullRequest ?? new(0, t.CompareUrl ?? t.Repo, PullRequestState.Open)) with { State = PullRequestState.Merged, AutoMerge = false },
            },
            (Merging, AutoMergeArmed) when t.PullRequest is { } pr => AfterMerge(Forced(t) with { PullRequest = pr with { AutoMerge = true }, ArmedUntil = now.At + rules.AutoMergeWatch }, now) with { Merge = t.Merge },
            (Merging, AutoMergeDisarmed) when t.PullRequest is { } pr => AfterMerge(t with { PullRequest = pr with { AutoMerge = false } }, now),
            (Merging, MergeRefused no) => AfterMerge(t, now) with { MergeRefusal = new(no.Code, no.Detail) },
            (Merging, RateLimited limit) => Enter(t, Merging, now) with { Resume = Merging, NextWakeAt = limit.Until },
            (Merging, StepFailed bad) => MergeStepFailed(t, new(bad.Code, bad.Detail), now),
            (Merging, BackoffEnded) when t.Resume is Merging => Enter(t, Merging, now) with { Resume = null },

            (WaitingForCi, PullRequestSeen seen) when t.PullRequest is not null => SeenAtWork(t, seen.PullRequest, now),
            (Done, PullRequestSeen seen) when t.PullRequest is not null => t with { PullRequest = seen.PullRequest, Merge = seen.PullRequest.AutoMerge ? t.Merge : null },
            (Done, BackoffEnded) when t.ArmedUntil is not null => t with { ArmedUntil = null },

            // What fails, passes and is lost.
            (Preparing or Publishing or WaitingForCi or CollectingFeedback or OpeningPr, RateLimited limit) => WaitUntil(limit.Until, t, ResumeOf(t.Phase), null, now),
            (Preparing or Publishing or WaitingForCi or CollectingFeedback or OpeningPr, StepFailed bad) => StepFailedIn(t, new(bad.Code, bad.Detail), now),
            (BackingOff, BackoffEnded) => Resumed(t with { Resume = null, Error = null }, t.Resume ?? WaitingForWorker, now),
            (Preparing or Agent or Publishing, WorkerLost lost) => Lost(t, lost.Detail, now),
            (WaitingForCi, WorkerLost lost) when t.Run is not null => CiWorkerLost(t, lost.Detail, now),
            (Stopping, RunStopped or WorkerLost) => Stopped(t, now),
            _ => throw new IllegalTransitionException(task.Phase, news),
        };
        next = next with
        {
            Version = task.Version + 1,
            UpdatedAt = news.At,
            NextWakeAt = next.Phase is not Done ? next.NextWakeAt : next.PullRequest is { AutoMerge: true } ? next.ArmedUntil : null,
            Last = Transitions.Of(news, next),
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
        OpeningPr => new OpenPullRequest(task.Draft || task.Ending is not null || task.Attempt?.Ci?.Verdict is not ("green" or ErrorCodes.CiNotStarted)),
        Merging when task.Resume is Merging => new WakeAt(task.NextWakeAt!.Value),
        Merging => new MergePullRequest(task.Merge!),
        Done when task is { PullRequest.AutoMerge: true, ArmedUntil: { } until } => new WatchPullRequest(until),
        Done => new Rest(),
        _ => throw new InvalidOperationException($"phase {task.Phase} of task {task.Id} has no effect"),
    };

    /// <summary>The time and the settings that one transition goes by.</summary>
    private readonly record struct Moment(DateTimeOffset At, TaskRules Rules);

    private static TaskState Enter(TaskState task, Phase phase, Moment now) => task with
    {
        Phase = phase,
        Step = task.Step + 1,
        EnteredAt = now.At,
        Status = StatusIn(task, phase),
        Run = phase is Agent or Publishing or Stopping ? task.Run : null,
        NextWakeAt = now.At + (phase is WaitingForCi && task.Forge is ForgeKind.GitHub ? now.Rules.CiStartTimeout : now.Rules.SafetyLook),
    };

    private static Status StatusIn(TaskState task, Phase phase) => phase switch
    {
        _ when phase is Stopping or Merging or Done => task.Status,
        WaitingForWorker when task.Attempts == 0 => Status.Queued,
        WaitingForWorker or CollectingFeedback or BackingOff => Status.Retrying,
        _ => task.Attempts > 1 ? Status.Retrying : Status.Running,
    };

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

    private static TaskState Judged(TaskState task, CiReport report)
    {
        var deciding = report.Runs.FirstOrDefault();
        return task with
        {
            CiRunId = deciding is { Id: > 0 } ? deciding.Id : task.CiRunId,
            CiUrl = deciding?.Url ?? task.CiUrl,
            GreenSha = report.Verdict is "green" ? task.HeadSha : task.GreenSha,
            StepFailures = 0,
            Attempt = task.Attempt is { } attempt ? attempt with { Ci = report, Outcome = report.Verdict } : null,
        };
    }

    private static TaskState Green(TaskState task, CiReport report, Moment now)
    {
        var t = Judged(task, report);
        if (HeldFor(t) is { } held) return Hold(t, held, now);
        var unready = t.PullRequest is null || (t.PullRequest.State is PullRequestState.Draft && !t.Draft);
        return t.Forge is ForgeKind.GitHub && unready
            ? Enter(t, OpeningPr, now)
            : Succeeded(t, now);
    }

    private static TaskState Succeeded(TaskState task, Moment now)
    {
        var t = Finish(Close(task, "green", now), new Ending(Status.Success, null), now);
        return t is { AutoMergeWanted: true, PullRequest: not { AutoMerge: true } } ? Enter(t, Merging, now) with { Merge = new(Auto: true) } : t;
    }

    /// <summary>A person, or the forge's auto-merge, has ended the pull request before our verdict.</summary>
    private static TaskState SeenAtWork(TaskState task, PullRequest seen, Moment now)
    {
        var t = task with { PullRequest = seen };
        return seen.State switch
        {
            PullRequestState.Merged when task.PullRequest is { AutoMerge: true } => Finish(t, new Ending(Status.Success, null), now),
            PullRequestState.Merged or PullRequestState.Closed =>
                Review(t, new(ErrorCodes.PullRequestClosed, $"somebody {(seen.State is PullRequestState.Merged ? "merged" : "closed")} pull request #{seen.Number} before CI's verdict"), now),
            _ => t,
        };
    }

    private static TaskState Blocked(TaskState task, string code, string detail, CiReport report, Moment now)
    {
        var t = Close(Judged(task, report), code, now);
        return Review(t, new(code, detail), now);
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

    private static TaskState AfterMerge(TaskState task, Moment now) => Enter(task, Done, now) with
    {
        Merge = null,
        Resume = null,
        StepFailures = 0,
    };

    /// <summary>
    /// Ends for a person to look at, by way of a draft pull request where the work can be shown in one.
    /// If the person has written already what to do next, that is done instead.
    /// </summary>
    private static TaskState Review(TaskState task, TaskError cause, Moment now)
    {
        if (CanTakeUp(task) && cause.Code is not ErrorCodes.BudgetExhausted) return TakeUp(task, now);
        var ending = new Ending(Status.NeedsReview, cause);
        var show = now.Rules.PullRequestOnNeedsReview && task is { Forge: ForgeKind.GitHub, PullRequest: null, RemoteSha: not null, Phase: not OpeningPr } && task.RemoteSha != task.BaseSha;
        return show ? Enter(task, OpeningPr, now) with { Ending = ending, Status = Status.Retrying, StepFailures = 0 } : Finish(task, ending, now);
    }

    private static TaskState Finish(TaskState task, Ending ending, Moment now) => Enter(Close(task, ending.Error?.Code ?? AmpxJson.Word(ending.Status), now), Done, now) with
    {
        Status = ending.Status,
        Error = ending.Error,
        Ending = null,
        Resume = null,
        FinishedAt = now.At,
        RunCounted = false,
        StepFailures = 0,
    };

    private static TaskState Close(TaskState task, string outcome, Moment now) => task.Attempt is { FinishedAt: null } attempt
        ? task with { Attempt = attempt with { FinishedAt = now.At, Outcome = outcome } }
        : task;

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

    /// <summary>Counts the time since the last change where it was work or CI.</summary>
    private static TaskState Clock(TaskState task, TaskEvent news) =>
        task.Phase is WaitingForWorker or Stopping or Merging or Done || news.At <= task.UpdatedAt
            ? task
            : task with { TimeSpent = task.TimeSpent + (news.At - task.UpdatedAt) };

    internal static string Short(string sha) => sha.Length > 10 ? sha[..10] : sha;
}
