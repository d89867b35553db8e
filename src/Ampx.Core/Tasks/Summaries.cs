namespace Ampx.Core.Tasks;

/// <summary>The one line that says where a task stands.</summary>
public static class Summaries
{
    private const int MostOfALine = 200;

    /// <summary>The line for <paramref name="task"/>; needs nothing but its state.</summary>
    public static string Of(TaskState task) => task switch
    {
        { Phase: Phase.WaitingForWorker, Unpublished: true } => $"waiting for a worker to push {TaskMachine.Short(task.HeadSha!)}",
        { Phase: Phase.WaitingForWorker, Attempts: 0 } => "waiting for a worker",
        { Phase: Phase.WaitingForWorker } => $"waiting for a worker to run attempt {Math.Min(task.Attempts + (task.RunCounted ? 0 : 1), task.MaxAttempts)} of {task.MaxAttempts}",
        { Phase: Phase.Preparing } => $"preparing the workspace for {Attempt(task)}",
        { Phase: Phase.Agent } => $"agent at work, {Attempt(task)}",
        { Phase: Phase.Publishing } => $"pushing {TaskMachine.Short(task.HeadSha!)}",
        { Phase: Phase.WaitingForCi } => $"waiting for CI on {TaskMachine.Short(task.HeadSha!)}",
        { Phase: Phase.CollectingFeedback } => "CI is red; reading why",
        { Phase: Phase.BackingOff, Error: { } error } => $"trying again after {error.Code}: {FirstLine(error.Detail)}",
        { Phase: Phase.BackingOff, Last: { Cause: "rate_limited", Detail: { } why } } => $"waiting: {FirstLine(why)}",
        { Phase: Phase.BackingOff } => "trying again soon",
        { Phase: Phase.OpeningPr, PullRequest: null } => "opening the pull request",
        { Phase: Phase.OpeningPr } => "marking the pull request ready",
        { Phase: Phase.Merging, Last: { Cause: "rate_limited", Detail: { } why } } => $"merging; waiting: {FirstLine(why)}",
        { Phase: Phase.Merging, Merge.Disarm: true } => "taking back the auto-merge",
        { Phase: Phase.Merging } => "merging",
        { Phase: Phase.Stopping } => "stopping the agent",
        { Status: Status.Success, PullRequest.State: PullRequestState.Merged } => "merged",
        { Status: Status.Success, PullRequest.AutoMerge: true } => $"CI is green after {Count(task.Attempts)}; the forge merges once its rules allow it",
        { Status: Status.Success } => $"CI is green after {Count(task.Attempts)}",
        { Status: Status.Aborted } => $"aborted after {Count(task.Attempts)}",
        { Status: Status.NeedsReview, Error: { } error } => $"needs review after {Count(task.Attempts)}: {FirstLine(error.Detail)}",
        { Error: { } error } => $"{error.Code}: {FirstLine(error.Detail)}",
        _ => AmpxJson.Word(task.Status),
    };

    private static string Attempt(TaskState task) => $"attempt {task.Attempts} of {task.MaxAttempts}";

    private static string Count(int attempts) => attempts == 1 ? "1 attempt" : $"{attempts} attempts";

    /// <summary>The first line of <paramref name="text"/>, cut at 200 characters and never within one.</summary>
    internal static string FirstLine(string text)
    {
        var line = text.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        if (end >= 0) line = line[..end];
        if (line.Length <= MostOfALine) return line.ToString();
        var cut = char.IsHighSurrogate(line[MostOfALine - 2]) ? MostOfALine - 2 : MostOfALine - 1;
        return $"{line[..cut]}…";
    }
}
