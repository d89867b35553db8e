namespace Ampx.Core.Ci;

/// <summary>One workflow run of a commit, in GitHub's own words (https://docs.github.com/rest/actions/workflow-runs).</summary>
/// <param name="Id">Exceeds 32 bits.</param>
/// <param name="Name">The workflow's name, or its path where it has none.</param>
/// <param name="Event"><c>push</c>, <c>pull_request</c>, …</param>
/// <param name="Status"><c>completed</c>, or anything else while it isn't.</param>
/// <param name="Conclusion">Null until completed.</param>
/// <param name="RunAttempt">1, and one more with each re-run.</param>
/// <param name="Jobs">Of the latest attempt; only read (not empty) where the verdict depends on them.</param>
public sealed record WorkflowRun(
    long Id, long WorkflowId, string Name, string Event, string Status, string? Conclusion,
    int RunAttempt, DateTimeOffset CreatedAt, string? Url, IReadOnlyList<WorkflowJob> Jobs)
{
    /// <summary>The workflow's file, <c>.github/workflows/ci.yml</c>.</summary>
    public string? Path { get; init; }

    internal bool Completed => Status is "completed" && Conclusion is not null;
}

/// <summary>One job of a run.</summary>
/// <param name="RunnerAssigned">A machine took it: if not, none of its steps ever began.</param>
public sealed record WorkflowJob(
    long Id, string Name, string Status, string? Conclusion, bool RunnerAssigned, string? Url, IReadOnlyList<WorkflowStep> Steps)
{
    /// <summary>What GitHub put beside the job in its own words, where the credential may read that (checks:read).</summary>
    public IReadOnlyList<string> Said { get; init; } = [];

    /// <summary>It ended badly; cancelled and skipped jobs are not counted, but for those that ran too long.</summary>
    public bool Failed => Conclusion is "failure" or "timed_out" or "startup_failure" || RanTooLong;

    /// <summary>The first step that failed, else the one that was cut off.</summary>
    public WorkflowStep? FailedStep => Steps.FirstOrDefault(step => step.Failed) ?? Steps.FirstOrDefault(step => step.CutOff);

    /// <summary>
    /// No step of the repository's own is to blame: the job died in what the runner does by itself, before it got a machine,
    /// or with its machine, which leaves steps that nobody reported the end of.
    /// </summary>
    public bool DiedOutside => TimedOut ? !Steps.Any(step => IsOwn(step) && (step.Failed || step.CutOff)) : NoOwnStepFailed;

    /// <summary>A step of the repository's own used up the job's time. GitHub calls such a job <c>cancelled</c> and gives the reason beside it.</summary>
    public bool RanTooLong => TimedOut && !DiedOutside;

    /// <summary>
    /// A machine took it and was never heard of again: a step has no end, or nobody cleaned up after the checkout, which a job that is
    /// cancelled in order always does (https://github.com/actions/runner/issues/4422).
    /// </summary>
    public bool LostRunner => Conclusion is not ("success" or "skipped") && !RanTooLong && !Said.Any(RunnerWords.IsCancellation)
        && (Said.Any(RunnerWords.IsLoss) || (RunnerAssigned && (Steps.Any(step => step.Status is not "completed") || NobodyCleanedUp)));

    /// <summary>Its steps alone don't tell why it ended.</summary>
    public bool IsUnclear => Conclusion is "failure" or "timed_out" or "cancelled" or "stale" && NoOwnStepFailed;

    private bool TimedOut => Conclusion is "timed_out" || Said.Any(RunnerWords.IsTimeLimit);

    private bool NoOwnStepFailed => !Steps.Any(step => step.Failed && IsOwn(step));

    private bool NobodyCleanedUp => Steps.Any(step => step.CutOff)
        && Steps.Where(IsCleanUp).ToList() is { Count: > 0 } after && after.All(step => step.Conclusion is "skipped")
        && after.Any(step => step.Name.Contains("checkout", StringComparison.OrdinalIgnoreCase));

    private bool IsOwn(WorkflowStep step) => !step.IsRunners && !IsCleanUp(step);

    /// <summary>What an action brings along beside its step: <c>Pre X</c> and <c>Post X</c> of the step X.</summary>
    private bool IsCleanUp(WorkflowStep step)
    {
        var name = step.Name.StartsWith("Post ", StringComparison.Ordinal) ? step.Name[5..] : step.Name.StartsWith("Pre ", StringComparison.Ordinal) ? step.Name[4..] : null;
        return name is not null && (name.StartsWith("Run ", StringComparison.Ordinal) || Steps.Any(other => other.Name == name));
    }
}

/// <summary>One step of a job.</summary>
/// <param name="Number">1 is the runner's own "Set up job".</param>
public sealed record WorkflowStep(
    int Number, string Name, string Status, string? Conclusion, DateTimeOffset? StartedAt = null, DateTimeOffset? CompletedAt = null)
{
    internal bool Failed => Conclusion is "failure" or "timed_out";

    internal bool CutOff => Conclusion is "cancelled" || Status is "in_progress";

    /// <summary>The runner's own, not the repository's: setting up, pulling and building the images of containers and actions, ending.</summary>
    internal bool IsRunners =>
        (Number <= 1 && Name is "Set up job")
        || Name is "Initialize containers" or "Set up runner" or "Stop containers" or "Complete job" or "Complete runner"
        || (Name.StartsWith("Pull ", StringComparison.Ordinal) && Name.AsSpan(5).IndexOf(' ') < 0 && Name.AsSpan(5).IndexOfAny(":/@") >= 0)
        || (Name.StartsWith("Build ", StringComparison.Ordinal) && Name.AsSpan(6).IndexOf(' ') < 0 && Name.AsSpan(6).IndexOf('/') > 0 && Name.AsSpan(6).IndexOf('@') > 0 && Name[6] is not '.');
}

/// <summary>How GitHub says why a job ended that no step of its own ended: annotations, in words that have been the same for years.</summary>
internal static class RunnerWords
{
    public static bool IsTimeLimit(string said) => Has(said, "exceeded the maximum execution time");

    public static bool IsLoss(string said) =>
        Has(said, "lost communication with the server") || Has(said, "received a shutdown signal") || Has(said, "was not acquired by Runner") || Has(said, "encountered an internal error");

    /// <summary>Somebody, or a concurrency group, wanted it to end.</summary>
    public static bool IsCancellation(string said) => Has(said, "was canceled by @") || Has(said, "Canceling since a higher priority");

    private static bool Has(string said, string words) => said.Contains(words, StringComparison.OrdinalIgnoreCase);
}
