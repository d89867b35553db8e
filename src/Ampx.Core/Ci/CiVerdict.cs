using System.Collections.Immutable;
using Ampx.Core.Tasks;

namespace Ampx.Core.Ci;

/// <summary>What the verdict depends on beside the runs.</summary>
/// <param name="Since">The last of pushed, pull request opened, marked ready.</param>
/// <param name="SettleTime">How long a second workflow may take to appear.</param>
/// <param name="StartTimeout">How long the first one may.</param>
/// <param name="Timeout">How long they may run, from <paramref name="Since"/>.</param>
/// <param name="HasWorkflows">The commit has files in <c>.github/workflows</c>.</param>
/// <param name="TouchedWorkflows">The task changed one of them.</param>
/// <param name="MayRerun">The credential may re-run on GitHub (actions:write).</param>
public sealed record CiContext(
    DateTimeOffset Now, DateTimeOffset Since, TimeSpan SettleTime, TimeSpan StartTimeout, TimeSpan Timeout,
    bool HasWorkflows = true, bool TouchedWorkflows = false, bool MayRerun = false);

/// <summary>CI's verdict on one commit, by all its workflow runs.</summary>
public abstract record CiVerdict
{
    /// <summary>The runs that were judged: the latest of each workflow and event, newest last.</summary>
    public ImmutableArray<WorkflowRun> Judged { get; init; } = [];

    /// <summary>None yet. <paramref name="Until"/>: look again then at the latest; <paramref name="Show"/>: the run to point people at.</summary>
    public sealed record Wait(DateTimeOffset? Until, WorkflowRun? Show) : CiVerdict;

    /// <summary>Every run that says something says yes.</summary>
    public sealed record Green : CiVerdict;

    /// <summary>The work is at fault, as far as one can tell.</summary>
    public sealed record Red(ImmutableArray<WorkflowRun> Failed) : CiVerdict;

    /// <summary>CI itself failed, and may be asked once more: re-run these.</summary>
    public sealed record OwnFault(ImmutableArray<WorkflowRun> Runs) : CiVerdict;

    /// <summary>There will be no verdict; a person has to look. <paramref name="Code"/> is one of <see cref="ErrorCodes"/>.</summary>
    public sealed record Stopped(string Code, string Detail) : CiVerdict;

    /// <summary>
    /// The verdict on the runs of one commit. The cases are those of the contract, in its order; the first that fits decides.
    /// Jobs are asked for where a run failed or was cancelled (<see cref="NeedsJobs"/>).
    /// </summary>
    /// <param name="runs">All runs of the commit, from one full listing.</param>
    public static CiVerdict Of(IReadOnlyCollection<WorkflowRun> runs, CiContext context)
    {
        var latest = runs
            .GroupBy(run => (run.WorkflowId, run.Event))
            .Select(same => same.MaxBy(run => (run.CreatedAt, run.Id))!)
            .OrderBy(run => run.CreatedAt).ThenBy(run => run.Id)
            .ToImmutableArray();
        return Decide(runs, latest, context) with { Judged = latest };
    }

    /// <summary>The verdict on <paramref name="run"/> depends on how its jobs ended.</summary>
    public static bool NeedsJobs(WorkflowRun run) => run.Completed && run.Conclusion is "failure" or "timed_out" or "cancelled" or "stale";

    private static CiVerdict Decide(IReadOnlyCollection<WorkflowRun> all, ImmutableArray<WorkflowRun> latest, CiContext context)
    {
        // 1. Something is still at work.
        if (latest.FirstOrDefault(run => !run.Completed || !Known(run.Conclusion)) is { } atWork)
        {
            var end = context.Since + context.Timeout;
            return context.Now < end
                ? new Wait(end, atWork)
                : new Stopped(ErrorCodes.CiTimeout, $"{Named([atWork])} is still {atWork.Conclusion ?? atWork.Status} after {Words(context.Timeout)}");
        }

        // 2. Failed, and a step of the repository's own did it.
        var failed = Where(latest, "failure", "timed_out");
        var ofWork = failed.RemoveAll(OfCi);

        // 3. Never started: the work's fault if it touched what should start. A failed run without a job is the same, older.
        var unstarted = Where(latest, "startup_failure").AddRange(failed.Where(run => run.Jobs.Count == 0));
        if (context.TouchedWorkflows) ofWork = ofWork.AddRange(unstarted);
        if (!ofWork.IsEmpty) return new Red(ofWork);

        // 4. Cancelled: nothing, if the same workflow succeeded elsewhere on this commit.
        WorkflowRun? Instead(WorkflowRun run) => all.FirstOrDefault(other => other.Id != run.Id && other.WorkflowId == run.WorkflowId && other.Conclusion is "success");
        var cancelled = Where(latest, "cancelled", "stale");
        var excused = cancelled.Select(Instead).OfType<WorkflowRun>().ToImmutableArray();
        cancelled = cancelled.RemoveAll(run => Instead(run) is not null);
        var lost = cancelled.Where(run => run.Jobs.Any(job => job is { Conclusion: not "success" and not "skipped", LostRunner: true }));

        var ownFault = failed.Where(OfCi).Concat(unstarted).Concat(lost).DistinctBy(run => run.Id).ToImmutableArray();
        if (!ownFault.IsEmpty)
        {
            return context.MayRerun && ownFault.All(run => run.RunAttempt <= 1)
                ? new OwnFault(ownFault)
                : new Stopped(ErrorCodes.CiInfrastructure, $"{Named(ownFault)} failed outside the repository's own steps{(ownFault.Any(run => run.RunAttempt > 1) ? ", also when run again" : "")}: a lost runner or a set-up step");
        }

        if (!cancelled.IsEmpty) return new Stopped(ErrorCodes.CiCancelled, $"{Named(cancelled)} was cancelled");

        // 5. Somebody has to approve it.
        var unapproved = Where(latest, "action_required");
        if (!unapproved.IsEmpty) return new Stopped(ErrorCodes.CiActionRequired, $"{Named(unapproved)} waits for a person to approve it on GitHub");

        // 6. Green, once a second workflow has had the time to appear.
        var settled = context.Since + context.SettleTime;
        if ((latest.LastOrDefault(run => run.Conclusion is "success") ?? excused.LastOrDefault()) is { } success)
            return context.Now < settled ? new Wait(settled, success) : new Green();

        // 7. Nothing says anything.
        if (!latest.IsEmpty)
        {
            return context.Now < settled
                ? new Wait(settled, latest[^1])
                : new Stopped(ErrorCodes.CiNotStarted, $"{Named(latest)} skipped this commit, so nothing judges it");
        }

        if (!context.HasWorkflows) return new Stopped(ErrorCodes.CiNotStarted, "the commit has no workflow in .github/workflows, so nothing judges it");
        var started = context.Since + context.StartTimeout;
        return context.Now < started
            ? new Wait(started, null)
            : new Stopped(ErrorCodes.CiNotStarted, $"no workflow started within {Words(context.StartTimeout)}: none of them may run on this branch or for these files");
    }

    private static bool OfCi(WorkflowRun run) => run.Jobs.Where(job => job.Failed).All(job => job.DiedOutside);

    private static ImmutableArray<WorkflowRun> Where(ImmutableArray<WorkflowRun> runs, params ReadOnlySpan<string> conclusions)
    {
        var words = conclusions.ToArray();
        return [.. runs.Where(run => words.Contains(run.Conclusion))];
    }

    private static bool Known(string? conclusion) => conclusion
        is "success" or "failure" or "neutral" or "cancelled" or "skipped" or "timed_out" or "action_required" or "stale" or "startup_failure";

    private static string Named(ImmutableArray<WorkflowRun> runs) => runs.Length switch
    {
        1 => $"workflow '{runs[0].Name}'",
        _ => $"workflows {string.Join(", ", runs.Take(3).Select(run => $"'{run.Name}'"))}{(runs.Length > 3 ? " …" : "")}",
    };

    private static string Words(TimeSpan time) => time switch
    {
        { TotalHours: >= 2 } => $"{time.TotalHours:0.#} hours",
        { TotalMinutes: >= 2 } => $"{time.TotalMinutes:0.#} minutes",
        _ => $"{time.TotalSeconds:0.#} seconds",
    };
}
