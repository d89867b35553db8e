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
    /// <summary>It ended badly; cancelled and skipped jobs are not counted.</summary>
    public bool Failed => Conclusion is "failure" or "timed_out" or "startup_failure";

    /// <summary>The first step that failed, else the one that was cut off.</summary>
    public WorkflowStep? FailedStep => Steps.FirstOrDefault(step => step.Failed) ?? Steps.FirstOrDefault(step => step.CutOff);

    /// <summary>
    /// No step of the repository's own is to blame: the job died in what the runner does by itself, before it got a machine,
    /// or with its machine, which leaves steps that nobody reported the end of.
    /// </summary>
    public bool DiedOutside => Conclusion is "timed_out"
        ? !Steps.Any(step => step is { IsRunners: false } && (step.Failed || step.CutOff))
        : !Steps.Any(step => step is { IsRunners: false, Failed: true });

    /// <summary>A machine took it and was never heard of again.</summary>
    public bool LostRunner => RunnerAssigned && (Steps.Count == 0 || Steps.Any(step => step.Status is not "completed"));
}

/// <summary>One step of a job.</summary>
/// <param name="Number">1 is the runner's own "Set up job".</param>
public sealed record WorkflowStep(
    int Number, string Name, string Status, string? Conclusion, DateTimeOffset? StartedAt = null, DateTimeOffset? CompletedAt = null)
{
    internal bool Failed => Conclusion is "failure" or "timed_out";

    internal bool CutOff => Conclusion is "cancelled" || Status is "in_progress";

    /// <summary>The runner's own, not the repository's: setting up, pulling images, cleaning up after actions.</summary>
    internal bool IsRunners =>
        (Number <= 1 && Name is "Set up job")
        || Name is "Initialize containers" or "Set up runner" or "Stop containers" or "Complete job" or "Complete runner"
        || Name.StartsWith("Post Run ", StringComparison.Ordinal)
        || (Name.StartsWith("Pull ", StringComparison.Ordinal) && Name.AsSpan(5).IndexOf(' ') < 0 && Name.AsSpan(5).IndexOfAny(":/@") >= 0);
}
