using System.Collections.Immutable;
using Ampx.Core.Ci;

namespace Ampx.Core.Tasks;

/// <summary>Something that happened to a task. The grain stamps <see cref="At"/> when it hears of it.</summary>
[GenerateSerializer, Alias("ampx.event.v1")]
public abstract record TaskEvent
{
    [Id(0)] public DateTimeOffset At { get; init; }

    /// <summary>The user who gave an order; of no meaning on other events.</summary>
    [Id(1)] public string By { get; init; } = "system";

    /// <summary>The request that an order came in, as W3C's <c>traceparent</c>.</summary>
    [Id(2)] public string? Trace { get; init; }
}

// What people ask for.

/// <summary>A person stops the task.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.abort-requested.v1")]
public sealed record AbortRequested : TaskEvent;

/// <summary>A person gives another instruction, or (null) the last one again.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.continue-requested.v1")]
public sealed record ContinueRequested(string? Prompt, int? MaxAttempts = null, long? MaxTokens = null, TimeSpan? MaxTime = null) : TaskEvent;

/// <summary>A person wants the judged commit merged.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.merge-requested.v1")]
public sealed record MergeRequested(MergeOrder Order) : TaskEvent;

// What a worker reports.

/// <summary>A worker takes the task, or its CI command.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.claimed.v1")]
public sealed record Claimed(RunClaim Run) : TaskEvent;

/// <summary>The workspace stands on the task's branch. <see cref="Restored"/>: with work of an earlier run in it, not yet committed.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.prepared.v1")]
public sealed record Prepared(string Base, string BaseSha, string StartSha, string? RemoteSha, string? CompareUrl, IssueText? Issue = null, bool Restored = false) : TaskEvent;

/// <summary>What the forge has under the task's issue: its title, and body and comments with their authors.</summary>
[GenerateSerializer, Immutable, Alias("ampx.issue-text.v1")]
public sealed record IssueText(string Title, string Text);

/// <summary>The agent's own conversation exists; stored before anything is said in it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.thread-created.v1")]
public sealed record ThreadCreated(string ThreadId) : TaskEvent;

/// <summary>Work that the branch doesn't have yet is the commit <see cref="Sha"/>, which goes to the task's own ref next: told before the push, so that no crash
/// forgets what is to be found, and removed, there. Null: nothing is there any more.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.checkpointed.v1")]
public sealed record Checkpointed(string? Sha) : TaskEvent;

/// <summary>The agent has ended well and its work is the commit <see cref="Sha"/>.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.agent-committed.v1")]
public sealed record AgentCommitted(string Sha, string? Said, Usage? Usage) : TaskEvent;

/// <summary>The agent has ended well and changed nothing that git would keep.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.agent-changed-nothing.v1")]
public sealed record AgentChangedNothing(string? Said, Usage? Usage) : TaskEvent;

/// <summary>The agent failed, stalled or ran out of time.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.agent-failed.v1")]
public sealed record AgentFailed(string Code, string Detail, Usage? Usage) : TaskEvent;

/// <summary>The commit is at the remote. <see cref="PullRequestFirst"/>: one of its workflows runs on pull requests only there.
/// <see cref="Guards"/>: what a person is to see in the whole change; null from a worker of an older version.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.pushed.v1")]
public sealed record Pushed(string Sha, bool PullRequestFirst = false, GuardReport? Guards = null) : TaskEvent;

/// <summary>The server refused the commit, for its content (the agent can mend that) or by a rule (it can't).</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.push-refused.v1")]
public sealed record PushRefused(string Detail, bool ForContent) : TaskEvent;

/// <summary>Somebody else's commit is on the branch.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.branch-moved.v1")]
public sealed record BranchMoved(string RemoteSha) : TaskEvent;

/// <summary>The commit to be pushed is gone with the worker that made it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.work-lost.v1")]
public sealed record WorkLost(string Detail) : TaskEvent;

/// <summary>The CI command of a plain git repository has ended.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.ci-command-ended.v1")]
public sealed record CiCommandEnded(CiReport Report, string? Code, string? Detail) : TaskEvent;

/// <summary>Nothing of the run is alive any more.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.run-stopped.v1")]
public sealed record RunStopped : TaskEvent;

/// <summary>The worker that held the run is gone.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.worker-lost.v1")]
public sealed record WorkerLost(string Detail) : TaskEvent;

// What the forge says.

/// <summary>CI has begun: which run to look at meanwhile.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.ci-started.v1")]
public sealed record CiStarted(long RunId, string? Url) : TaskEvent;

/// <summary>CI is green, and has been given the time to say otherwise. <see cref="PullRequest"/>: as it is now where that is not as the task has it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.ci-passed.v1")]
public sealed record CiPassed(CiReport Report, PullRequest? PullRequest = null) : TaskEvent;

/// <summary>CI is red.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.ci-failed.v1")]
public sealed record CiFailed(CiReport Report) : TaskEvent;

/// <summary>CI gives no verdict that an agent could do something about. <see cref="PullRequest"/>: as it is now where that is not as the task has it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.ci-blocked.v1")]
public sealed record CiBlocked(string Code, string Detail, CiReport Report, PullRequest? PullRequest = null) : TaskEvent;

/// <summary>What the next run will be told, and the cause in one line.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.feedback-collected.v1")]
public sealed record FeedbackCollected(string Text, string Cause) : TaskEvent;

/// <summary>The pull request is there, new or found again, or now marked ready.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.pull-request-opened.v1")]
public sealed record PullRequestOpened(PullRequest PullRequest) : TaskEvent;

/// <summary>The pull request as it is now, where that is not as the task has it: a person, or the forge's auto-merge, has been at it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.pull-request-seen.v1")]
public sealed record PullRequestSeen(PullRequest PullRequest) : TaskEvent;

/// <summary>The branch is merged.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.merged.v1")]
public sealed record Merged(string Sha) : TaskEvent;

/// <summary>The forge won't merge.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.merge-refused.v1")]
public sealed record MergeRefused(string Code, string Detail) : TaskEvent;

/// <summary>The forge will merge by itself once its own rules allow it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.auto-merge-armed.v1")]
public sealed record AutoMergeArmed : TaskEvent;

/// <summary>The forge won't merge by itself any more.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.auto-merge-disarmed.v1")]
public sealed record AutoMergeDisarmed : TaskEvent;

// What any step without an agent may come to.

/// <summary>The forge's rate limit allows nothing before then. No failure: nothing is counted.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.rate-limited.v1")]
public sealed record RateLimited(DateTimeOffset Until, string Detail) : TaskEvent;

/// <summary>A step failed: for a passing cause, or for one of <see cref="ErrorCodes.Fatal"/>.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.step-failed.v1")]
public sealed record StepFailed(string Code, string Detail) : TaskEvent;

/// <summary>The time of a backing-off task has come, or the end of the time in which an armed auto-merge is watched.</summary>
[GenerateSerializer, Immutable, Alias("ampx.event.backoff-ended.v1")]
public sealed record BackoffEnded : TaskEvent;
