using Ampx.Core.Tasks;
using FsCheck;
using static Ampx.Core.Tasks.Phase;

namespace Ampx.Tests.Tasks;

/// <summary>One change in a task's life.</summary>
internal sealed record Change(TaskState Before, TaskEvent News, TaskState After)
{
    public override string ToString() => $"{Before.Phase} → {News.GetType().Name} → {After.Phase}";
}

/// <summary>A task's life as chance has it: mostly news that the phase waits for, now and then a person's orders, or any news, late and senseless ones too.</summary>
internal static class Life
{
    /// <summary>The changes that <paramref name="drawn"/> numbers lead to; news that mean nothing change nothing. (A plain int of FsCheck's is mostly 0 within an array.)</summary>
    public static IReadOnlyList<Change> Of(DoNotSize<int>[] drawn)
    {
        var choices = drawn.Select(choice => choice.Item).ToArray();
        var kind = choices.Length == 0 ? 0 : Math.Abs(choices[0] % 4);
        var task = Story.New(Story.Order with
        {
            Forge = kind % 2 == 0 ? ForgeKind.GitHub : ForgeKind.Git,
            MaxAttempts = 1 + kind,
            MaxTokens = kind > 1 ? 500 : null,
            MaxTime = kind == 3 ? TimeSpan.FromHours(2) : null,
        });
        var changes = new List<Change>();
        for (var n = 1; n <= choices.Length; n++)
        {
            var random = new Random(choices[n - 1]);
            var all = Samples.Events(task, n);
            TaskEvent[] likely = random.Next(16) switch
            {
                0 => all,
                1 => [.. all.Where(news => news is AbortRequested or ContinueRequested or MergeRequested)],
                < 6 => [.. all.Where(news => Fits(task, news))],
                _ => [.. all.Where(news => Fits(task, news) && GoesOn(news))],
            };
            var news = likely[random.Next(likely.Length)] with { At = task.UpdatedAt.AddSeconds(random.Next(600)) };
            if (!Samples.Takes(task, news, out var after)) continue;
            changes.Add(new(task, news, after));
            task = after;
        }

        return changes;
    }

    /// <summary>What leads on when nothing goes wrong but the build.</summary>
    private static bool GoesOn(TaskEvent news) => news is ContinueRequested or MergeRequested or Claimed or Prepared or AgentCommitted or Pushed or CiPassed or CiFailed
        or CiCommandEnded { Code: null } or FeedbackCollected or BackoffEnded or PullRequestOpened { PullRequest.State: not PullRequestState.Closed } or Merged or RunStopped;

    /// <summary>What the phase waits for.</summary>
    private static bool Fits(TaskState task, TaskEvent news) => (task.Phase, news) switch
    {
        (Done, ContinueRequested or MergeRequested) => true,
        (WaitingForWorker, Claimed) => true,
        (Preparing, Prepared or StepFailed or WorkerLost) => true,
        (Agent, ThreadCreated or Checkpointed or AgentCommitted or AgentChangedNothing or AgentFailed or WorkerLost) => true,
        (Publishing, Pushed or PushRefused or BranchMoved or WorkLost or WorkerLost or StepFailed) => true,
        (WaitingForCi, CiStarted or CiPassed or CiFailed or CiBlocked) => task.Forge is ForgeKind.GitHub,
        (WaitingForCi, Claimed or CiCommandEnded or WorkerLost) => task.Forge is ForgeKind.Git,
        (CollectingFeedback, FeedbackCollected or StepFailed or RateLimited) => true,
        (BackingOff, BackoffEnded) => true,
        (OpeningPr, PullRequestOpened or StepFailed) => true,
        (Merging, Merged or MergeRefused or AutoMergeArmed or StepFailed or RateLimited or BackoffEnded) => true,
        (Done, PullRequestSeen) => task.PullRequest is { AutoMerge: true },
        (Stopping, RunStopped or WorkerLost) => true,
        _ => false,
    };
}
