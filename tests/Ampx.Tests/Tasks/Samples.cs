using Ampx.Core;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using static Ampx.Tests.Tasks.Story;

namespace Ampx.Tests.Tasks;

/// <summary>One task in each phase, and every event there is in the forms that lead different ways.</summary>
internal static class Samples
{
    /// <summary>By the name that the table gives them; the first word is the phase.</summary>
    public static IReadOnlyDictionary<string, TaskState> Tasks { get; } = new Dictionary<string, TaskState>
    {
        ["waiting_for_worker"] = New(),
        ["preparing"] = After(Claim),
        ["agent"] = After(Claim, Ready()),
        ["publishing"] = After(Run("c1")),
        ["waiting_for_ci"] = After(ToCi("c1")),
        ["waiting_for_ci on a path"] = OnPath.Then(ToCi("c1")),
        ["waiting_for_ci with its command running"] = OnPath.Then([.. ToCi("c1"), ClaimCi]),
        ["collecting_feedback"] = After([.. ToCi("c1"), Red]),
        ["backing_off"] = After(Claim, Ready(), AgentBroke()),
        ["opening_pr"] = After([.. ToCi("c1"), Green]),
        ["opening_pr for a review"] = After([.. ToCi("c1"), Blocked()]),
        ["merging"] = After([.. ToSuccess, Merge]),
        ["merging after a failure"] = After([.. ToSuccess, Merge, Step()]),
        ["stopping"] = After(Claim, Ready(), Abort),
        ["done with success"] = After(ToSuccess),
        ["done with needs_review"] = After(Times(4, Claim, Lost)),
        ["done with protected_change"] = After([.. Run("c1"), PushGuarded("c1", "ci"), Green, Opened(PullRequestState.Draft)]),
        ["merging by force"] = After([.. Run("c1"), PushGuarded("c1", "ci"), Green, Opened(PullRequestState.Draft), ForceMerge]),
        ["done, auto-merge armed"] = After([.. ToSuccess, Merge, new AutoMergeArmed()]),
        ["done, merged"] = After([.. ToSuccess, Merge, new Merged("m1")]),
    };

    public static Phase PhaseOf(string name) => Enum.GetValues<Phase>().Single(phase => AmpxJson.Word(phase) == name.Split(' ', ',')[0]);

    /// <summary>Every kind of event, derived from the type itself: a new one is missed nowhere.</summary>
    public static IReadOnlyList<Type> EventTypes { get; } =
        [.. typeof(TaskEvent).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(TaskEvent)) && !type.IsAbstract).OrderBy(type => type.Name, StringComparer.Ordinal)];

    /// <summary>All forms of all events; <paramref name="n"/> makes shas and texts that were not there before.</summary>
    public static TaskEvent[] Events(TaskState task, int n) =>
    [
        Abort,
        Continue($"text-{n}"),
        Continue(),
        Continue($"text-{n}", maxAttempts: 1),
        new ContinueRequested(null, MaxTokens: 1_000_000, MaxTime: TimeSpan.FromDays(100)),
        Merge,
        ForceMerge,
        new Claimed(new RunClaim($"run-{n}", "worker-1", RunKind.Agent)),
        new Claimed(new RunClaim($"ci-{n}", "worker-1", RunKind.Ci)),
        Ready(task.RemoteSha),
        Ready($"theirs-{n}"),
        new ThreadCreated("T-1"),
        new Checkpointed($"k-{n}"),
        new Checkpointed(null),
        Commit($"c-{n}"),
        ChangedNothing,
        AgentBroke(),
        AgentBroke(ErrorCodes.AgentNotSignedIn),
        Push(task.HeadSha ?? $"c-{n}"),
        new Pushed(task.HeadSha ?? $"c-{n}", PullRequestFirst: task.Forge is ForgeKind.GitHub),
        PushGuarded(task.HeadSha ?? $"c-{n}", "ci"),
        new PushRefused("GH013: a secret", ForContent: true),
        new PushRefused("GH006: protected", ForContent: false),
        new BranchMoved($"theirs-{n}"),
        new WorkLost("gone with its worker"),
        CiEnded("green"),
        CiEnded("red"),
        CiEnded("ci_timeout", ErrorCodes.CiTimeout),
        new CiStarted(n, null),
        Green,
        Red,
        Blocked(),
        Blocked(ErrorCodes.PullRequestClosed),
        Why(),
        Opened(task.Attempt?.Ci?.Verdict is "green" ? PullRequestState.Open : PullRequestState.Draft),
        Opened(PullRequestState.Closed),
        new Merged($"m-{n}"),
        new MergeRefused(ErrorCodes.MergeConflict, "both changed till.cs"),
        new RunStopped(),
        Lost,
        Step(),
        Step(ErrorCodes.GitHubForbidden),
        Seen(PullRequestState.Merged),
        Seen(PullRequestState.Open),
        new AutoMergeArmed(),
        new AutoMergeDisarmed(),
        new RateLimited(task.UpdatedAt.AddMinutes(3), "GitHub's rate limit is used up"),
        Waited,
    ];

    /// <summary>The events that mean something in the task's phase and are not refused by <see cref="TaskMachine.WhyNot"/>.</summary>
    public static bool Takes(TaskState task, TaskEvent news, out TaskState after, TaskRules? rules = null)
    {
        after = task;
        if (news is AbortRequested or ContinueRequested or MergeRequested && TaskMachine.WhyNot(task, news) is not null) return false;
        try
        {
            after = TaskMachine.Apply(task, news, rules ?? Rules);
            return true;
        }
        catch (IllegalTransitionException)
        {
            return false;
        }
    }
}
