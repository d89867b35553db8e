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
/// <param name="RerunRefused">Why it may not, in words.</param>
public sealed record CiContext(
    DateTimeOffset Now, DateTimeOffset Since, TimeSpan SettleTime, TimeSpan StartTimeout, TimeSpan Timeout,
    bool HasWorkflows = true, bool TouchedWorkflows = false, bool MayRerun = false, string? RerunRefused = null)
{
    internal DateTimeOffset Settled => Since + SettleTime;

    internal DateTimeOffset End => Since + Timeout;
}

/// <summary>CI's verdict on one commit, by all its workflow runs.</summary>
public abstract record CiVerdict
{
    /// <summary>The runs that were judged: the latest of each workflow and event, newest last.</summary>
    public ImmutableArray<WorkflowRun> Judged { get; init; } = [];

    /// <summary>Those of <see cref="Judged"/> that decided.</summary>
    public ImmutableArray<WorkflowRun> Deciding { get; init; } = [];

    /// <summary>None yet. <paramref name="Until"/>: look again then at the latest; <paramref name="Show"/>: the run to point people at.</summary>
    public sealed record Wait(DateTimeOffset? Until, WorkflowRun? Show) : CiVerdict;

    /// <summary>Every run that says something says yes.</summary>
    public sealed record Green : CiVerdict;

    /// <summary>The work is at fault, as far as one can tell: by the <see cref="Deciding"/> runs.</summary>
    public sealed record Red : CiVerdict;

    /// <summary>CI itself failed, and may be asked once more: re-run the <see cref="Deciding"/> runs.</summary>
    public sealed record OwnFault : CiVerdict;

    /// <summary>There will be no verdict; a person has to look. <paramref name="Code"/> is one of <see cref="ErrorCodes"/>.</summary>
    public sealed record Stopped(string Code, string Detail) : CiVerdict;

    /// <summary>
    /// The verdict on the runs of one commit. The cases are those of the contract, in its order; the first that fits decides.
    /// Of <see cref="Unclear"/> runs the jobs have to be given.
    /// </summary>
    /// <param name="runs">All runs of the commit, from one full listing.</param>
    public static CiVerdict Of(IReadOnlyCollection<WorkflowRun> runs, CiContext context)
    {
        var latest = Latest(runs);
        return Decide(runs, latest, context) with { Judged = latest };
    }

    /// <summary>The runs whose jobs decide the verdict. None while it has to wait for others anyway.</summary>
    public static IReadOnlyList<WorkflowRun> Unclear(IReadOnlyCollection<WorkflowRun> runs, CiContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var latest = Latest(runs);
        if (context.Now < context.End && latest.Any(AtWork)) return [];
        return [.. latest.Where(run => run.Conclusion is "failure" or "timed_out" || (Cancelled(run) && Instead(runs, run) is null))];
    }

    /// <summary>
    /// The latest of each workflow and event. One that was skipped says nothing, so it takes nothing back: a workflow that also starts when a
    /// label is set, only to skip its jobs, has still failed before.
    /// </summary>
    private static ImmutableArray<WorkflowRun> Latest(IEnumerable<WorkflowRun> runs) =>
    [
        .. runs.GroupBy(run => (run.WorkflowId, run.Event))
            .Select(same => same.MaxBy(run => (run.Conclusion is not "skipped", run.CreatedAt, run.Id))!)
            .OrderBy(run => run.CreatedAt).ThenBy(run => run.Id),
    ];

    private static CiVerdict Decide(IReadOnlyCollection<WorkflowRun> all, ImmutableArray<WorkflowRun> latest, CiContext context)
    {
        // 1. Something is still at work. One that never ends takes no red verdict back.
        if (latest.FirstOrDefault(AtWork) is { } atWork)
        {
            if (context.Now < context.End) return new Wait(context.End, atWork);
            return Decide(all, latest.RemoveAll(AtWork), context) is Red red
                ? red
                : new Stopped(ErrorCodes.CiTimeout, $"{Named([atWork])} is still {atWork.Conclusion ?? atWork.Status} after {Words(context.Timeout)}") { Deciding = [atWork] };
        }

        // 2. Failed, and a step of the repository's own did it. Out of time is said as "cancelled".
        var failed = Where(latest, run => run.Conclusion is "failure" or "timed_out");
        var excused = Where(latest, run => Cancelled(run) && Instead(all, run) is not null);
        var cancelled = Where(latest, run => Cancelled(run) && !excused.Contains(run));
        var ofWork = failed.RemoveAll(OfCi).AddRange(cancelled.Where(run => run.Jobs.Any(job => job.RanTooLong)));

        // 3. Never started: the work's fault if it touched what should start. A failed run without a job is the same, older.
        var unstarted = Where(latest, run => run.Conclusion is "startup_failure").AddRange(failed.Where(run => run.Jobs.Count == 0));
        if (context.TouchedWorkflows) ofWork = ofWork.AddRange(unstarted);
        if (!ofWork.IsEmpty) return new Red { Deciding = ofWork };

        // 4. Cancelled: nothing, if the same workflow succeeded elsewhere on this commit.
        var lost = cancelled.Where(run => run.Jobs.Any(job => job.LostRunner));
        var ownFault = failed.Where(OfCi).Concat(unstarted).Concat(lost).DistinctBy(run => run.Id).ToImmutableArray();
        if (!ownFault.IsEmpty)
        {
            return context.MayRerun && ownFault.All(run => run.RunAttempt <= 1)
                ? new OwnFault { Deciding = ownFault }
                : new Stopped(ErrorCodes.CiInfrastructure, InfrastructureDetail(ownFault, context)) { Deciding = ownFault };
        }

        if (!cancelled.IsEmpty) return Stop(ErrorCodes.CiCancelled, $"{Named(cancelled)} was cancelled{SaidOf(cancelled)}", cancelled);

        // 5. Somebody has to approve it.
        var unapproved = Where(latest, run => run.Conclusion is "action_required");
        if (!unapproved.IsEmpty) return Stop(ErrorCodes.CiActionRequired, $"{Named(unapproved)} waits for a person to approve it on GitHub", unapproved);

        // 6. Green, once a second workflow has had the time to appear.
        var passed = Where(latest, run => run.Conclusion is "success").AddRange(excused.Select(run => Instead(all, run)!));
        if (!passed.IsEmpty) return context.Now < context.Settled ? new Wait(context.Settled, passed[^1]) : new Green { Deciding = [passed[^1]] };

        // 7. Nothing says anything.
        if (!latest.IsEmpty) return Stop(ErrorCodes.CiNotStarted, $"{Named(latest)} skipped this commit, so nothing judges it", latest);
        if (!context.HasWorkflows) return new Stopped(ErrorCodes.CiNotStarted, "the commit has no workflow in .github/workflows, so nothing judges it");
        var started = context.Since + context.StartTimeout;
        return context.Now < started
            ? new Wait(started, null)
            : new Stopped(ErrorCodes.CiNotStarted, $"no workflow started within {Words(context.StartTimeout)}: none of them may run on this branch or for these files");

        // A person is called only when a run that changes the picture has had the time to appear: what replaces a cancelled one, or fails.
        CiVerdict Stop(string code, string detail, ImmutableArray<WorkflowRun> by) =>
            context.Now < context.Settled ? new Wait(context.Settled, by[^1]) : new Stopped(code, detail) { Deciding = by };
    }

    /// <summary>A conclusion that GitHub invents later is none that can be judged.</summary>
    private static bool AtWork(WorkflowRun run) => !run.Completed || run.Conclusion
        is not ("success" or "failure" or "neutral" or "cancelled" or "skipped" or "timed_out" or "action_required" or "stale" or "startup_failure");

    private static bool Cancelled(WorkflowRun run) => run.Conclusion is "cancelled" or "stale";

    /// <summary>The run of the same workflow that succeeded on this commit.</summary>
    private static WorkflowRun? Instead(IEnumerable<WorkflowRun> all, WorkflowRun run) => all
        .Where(other => other.Id != run.Id && other.WorkflowId == run.WorkflowId && other.Conclusion is "success")
        .MaxBy(other => (other.CreatedAt, other.Id));

    private static bool OfCi(WorkflowRun run) => run.Jobs.Where(job => job.Failed).All(job => job.DiedOutside);

    private static ImmutableArray<WorkflowRun> Where(ImmutableArray<WorkflowRun> runs, Func<WorkflowRun, bool> fits) => [.. runs.Where(fits)];

    private static string InfrastructureDetail(ImmutableArray<WorkflowRun> runs, CiContext context)
    {
        var again = runs.Any(run => run.RunAttempt > 1) ? ", also when run again" : context.RerunRefused is { } no ? $", and can't be run again ({no})" : "";
        return $"{Named(runs)} failed outside the repository's own steps{again}{(SaidOf(runs) is { Length: > 0 } said ? said : ": a lost runner or a set-up step")}";
    }

    /// <summary>GitHub's own words on it, where it has some.</summary>
    private static string SaidOf(ImmutableArray<WorkflowRun> runs) =>
        runs.SelectMany(run => run.Jobs).SelectMany(job => job.Said).FirstOrDefault() is { } said ? $": {said.ReplaceLineEndings(" ").Trim()}" : "";

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
