namespace Ampx.Core.Tasks;

/// <summary>What to do now. Each can safely be done again: after a crash it is.</summary>
public abstract record TaskEffect;

/// <summary>Ask the queue for a slot of this kind.</summary>
public sealed record RequestWorker(RunKind Kind) : TaskEffect;

/// <summary>A worker is at it: make sure that it still is.</summary>
public sealed record FollowRun(RunClaim Run) : TaskEffect;

/// <summary>Have the repository's CI watch look at the commit.</summary>
public sealed record WatchCi(string Sha) : TaskEffect;

/// <summary>Read why CI was red.</summary>
public sealed record CollectFeedback : TaskEffect;

/// <summary>Open the pull request, find it again, or mark it ready.</summary>
public sealed record OpenPullRequest(bool Draft) : TaskEffect;

/// <summary>Have the repository's watch notice what becomes of a pull request whose auto-merge is armed.</summary>
public sealed record WatchPullRequest(DateTimeOffset Until) : TaskEffect;

/// <summary>Merge the judged commit, or have the forge do it, or not do it any more.</summary>
public sealed record MergePullRequest(MergeOrder Order) : TaskEffect;

/// <summary>Look again then.</summary>
public sealed record WakeAt(DateTimeOffset Time) : TaskEffect;

/// <summary>Nothing: a person moves it next.</summary>
public sealed record Rest : TaskEffect;
