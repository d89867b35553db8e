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

    /// <summary>Counts the time since the last change where it was work or CI.</summary>
    private static TaskState Clock(TaskState task, TaskEvent news) =>
        task.Phase is WaitingForWorker or Stopping or Merging or Done || news.At <= task.UpdatedAt
            ? task
            : task with { TimeSpent = task.TimeSpent + (news.At - task.UpdatedAt) };

    internal static string Short(string sha) => sha.Length > 10 ? sha[..10] : sha;
}
