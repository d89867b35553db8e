using Ampx.Core.Ci;
using Ampx.Core.Tasks;

namespace Ampx.Tests.Tasks;

/// <summary>Tasks told as a row of events. Each event comes a minute after the one before.</summary>
internal static class Story
{
    public const string Id = "01JABCDEFGHJKMNPQRSTVWXYZ0";
    public static readonly DateTimeOffset Start = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);
    public static readonly TaskRules Rules = new() { StepAttempts = 3 };

    public static NewTask Order { get; } = new()
    {
        Id = Id,
        Owner = "ada",
        Repo = "acme/shop",
        Forge = ForgeKind.GitHub,
        Agent = "amp",
        Prompt = "Mend the till",
        MaxAttempts = 3,
    };

    public static TaskState New(NewTask? order = null) => TaskMachine.Create(order ?? Order, Start, Rules);

    /// <summary>A new task on GitHub after <paramref name="events"/>.</summary>
    public static TaskState After(params IEnumerable<TaskEvent> events) => New().Then(events);

    public static TaskState Then(this TaskState task, params IEnumerable<TaskEvent> events) =>
        events.Aggregate(task, (t, news) => TaskMachine.Apply(t, news with { At = t.UpdatedAt.AddMinutes(1) }, Rules));

    public static TaskEvent Claim => new Claimed(new RunClaim("run-1", "worker-1", RunKind.Agent)) { By = "system" };
    public static TaskEvent ClaimCi => new Claimed(new RunClaim("ci-1", "worker-1", RunKind.Ci));
    public static TaskEvent Ready(string? remote = null) => new Prepared("main", "base", remote ?? "base", remote, "https://github.com/acme/shop/compare/x");
    public static TaskEvent Commit(string sha) => new AgentCommitted(sha, "done", new Usage(100, 40, 10)) { By = "agent" };
    public static TaskEvent ChangedNothing => new AgentChangedNothing("nothing to do", new Usage(100, 40, 10)) { By = "agent" };
    public static TaskEvent AgentBroke(string code = ErrorCodes.AgentFailed) => new AgentFailed(code, "exit code 1\nstack trace", new Usage(100, 40, 10)) { By = "agent" };
    public static TaskEvent Push(string sha) => new Pushed(sha);
    /// <summary>The pushed change has findings, a protected file for each of <paramref name="marks"/>.</summary>
    public static TaskEvent PushGuarded(string sha, params IEnumerable<string> marks) =>
        new Pushed(sha, Guards: new([.. marks.Select(mark => new GuardFinding(GuardKind.ProtectedPath, $".github/workflows/{mark}.yml", mark))]));

    public static TaskEvent Green => new CiPassed(Report("green", "success")) { By = "ci" };
    public static TaskEvent Red => new CiFailed(Report("red", "failure")) { By = "ci" };
    public static TaskEvent Why(string cause = "2 tests failed") => new FeedbackCollected($"The log says: {cause}", cause);
    public static TaskEvent Blocked(string code = ErrorCodes.CiCancelled) => new CiBlocked(code, "a person cancelled it", Report(code, "cancelled")) { By = "ci" };
    public static TaskEvent Opened(PullRequestState state = PullRequestState.Open) => new PullRequestOpened(new PullRequest(7, "https://github.com/acme/shop/pull/7", state));
    public static TaskEvent Seen(PullRequestState state, bool autoMerge = false) => new PullRequestSeen(new PullRequest(7, "https://github.com/acme/shop/pull/7", state, autoMerge));
    public static TaskEvent Step(string code = ErrorCodes.CloneFailed) => new StepFailed(code, "the network is down");
    public static TaskEvent Lost => new WorkerLost("worker-1 is gone");
    public static TaskEvent Waited => new BackoffEnded();
    public static TaskEvent Abort => new AbortRequested { By = "ada" };
    public static TaskEvent Continue(string? text = null, int? maxAttempts = null) => new ContinueRequested(text, maxAttempts) { By = "ada" };
    public static TaskEvent Merge => new MergeRequested(new MergeOrder()) { By = "ada" };
    public static TaskEvent ForceMerge => new MergeRequested(new MergeOrder(Force: true)) { By = "ada" };
    public static TaskEvent CiEnded(string verdict, string? code = null) => new CiCommandEnded(Report(verdict, verdict), code, code is null ? null : "took too long");

    public static CiReport Report(string verdict, string conclusion) =>
        new(verdict, [new CiRun(5_000_000_001, "build", "https://github.com/acme/shop/actions/runs/5000000001", conclusion, [new CiJob("test", conclusion, null, null)])]);

    /// <summary>A worker takes the task and its agent makes <paramref name="sha"/>.</summary>
    public static TaskEvent[] Run(string sha, string? remote = null) => [Claim, Ready(remote), Commit(sha)];

    /// <summary>The same, and the commit is at the remote.</summary>
    public static TaskEvent[] ToCi(string sha, string? remote = null) => [.. Run(sha, remote), Push(sha)];

    /// <summary>The same, and CI is red on it.</summary>
    public static TaskEvent[] ToRed(string sha, string? remote = null, string cause = "2 tests failed") => [.. ToCi(sha, remote), Red, Why(cause)];

    /// <summary>First run, green CI, pull request, green again.</summary>
    public static TaskEvent[] ToSuccess => [.. ToCi("c1"), Green, Opened(), Green];

    public static TaskEvent[] Times(int count, params TaskEvent[] events) => [.. Enumerable.Repeat(events, count).SelectMany(e => e)];

    /// <summary>A new task on a plain git repository.</summary>
    public static TaskState OnPath => New(Order with { Repo = "/srv/shop", Forge = ForgeKind.Git });
}
