using System.Text.Json;

namespace Ampx.Core.Tasks;

/// <summary>What the timeline says of an event.</summary>
internal static class Transitions
{
    internal static Transition Of(TaskEvent news, TaskState after) => new(CauseOf(news), ByOf(news), HeldFor(news, after) ?? DetailOf(news));

    /// <summary>The whole list, where the summary names the first few.</summary>
    private static string? HeldFor(TaskEvent news, TaskState after) =>
        news is CiPassed or CiCommandEnded && (after.Ending?.Error ?? after.Error) is { Code: ErrorCodes.ProtectedChange }
            ? $"{ErrorCodes.ProtectedChange}: {string.Join('\n', GuardWords.Lines(after.Guarded.Where(found => !after.Overruled.Contains(found.Mark))))}"
            : null;

    /// <summary>People say who they are; of the rest the event itself tells whose doing it was.</summary>
    private static string ByOf(TaskEvent news) => news switch
    {
        AbortRequested or ContinueRequested or MergeRequested => news.By,
        ThreadCreated or AgentCommitted or AgentChangedNothing or AgentFailed => "agent",
        CiStarted or CiPassed or CiFailed or CiBlocked or CiCommandEnded => "ci",
        _ => "system",
    };

    private static string CauseOf(TaskEvent news) => JsonNamingPolicy.SnakeCaseLower.ConvertName(news.GetType().Name);

    private static string? DetailOf(TaskEvent news) => news switch
    {
        ContinueRequested { Prompt: { } prompt } => prompt,
        Claimed claim => claim.Run.WorkerId,
        AgentCommitted done => TaskMachine.Short(done.Sha),
        Checkpointed { Sha: { } sha } => TaskMachine.Short(sha),
        AgentFailed bad => $"{bad.Code}: {bad.Detail}",
        Pushed done => TaskMachine.Short(done.Sha),
        PushRefused no => no.Detail,
        BranchMoved moved => TaskMachine.Short(moved.RemoteSha),
        WorkLost lost => lost.Detail,
        WorkerLost lost => lost.Detail,
        CiBlocked ci => $"{ci.Code}: {ci.Detail}",
        CiCommandEnded { Code: { } code } end => $"{code}: {end.Detail}",
        CiCommandEnded end => end.Report.Verdict,
        FeedbackCollected why => why.Cause,
        PullRequestOpened open => open.PullRequest.Url,
        PullRequestSeen seen => $"{AmpxJson.Word(seen.PullRequest.State)}: {seen.PullRequest.Url}",
        RateLimited limit => limit.Detail,
        Merged merged => TaskMachine.Short(merged.Sha),
        MergeRefused no => $"{no.Code}: {no.Detail}",
        StepFailed bad => $"{bad.Code}: {bad.Detail}",
        _ => null,
    };
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
