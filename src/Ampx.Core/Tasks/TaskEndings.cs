using Ampx.Core.Ci;
using static Ampx.Core.Tasks.Phase;

namespace Ampx.Core.Tasks;

// Verdicts, and the ways a task ends.
public static partial class TaskMachine
{
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
}
