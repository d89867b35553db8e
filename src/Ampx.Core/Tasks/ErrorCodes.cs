using System.Collections.Frozen;

namespace Ampx.Core.Tasks;

/// <summary>The codes that a task's error or a refused request can carry; docs/ERRORS.md has a section for each.</summary>
public static class ErrorCodes
{
    public const string InvalidRepo = "invalid_repo";
    public const string CloneFailed = "clone_failed";
    public const string AgentNotFound = "agent_not_found";
    public const string AgentNotSignedIn = "agent_not_signed_in";
    public const string AgentFailed = "agent_failed";
    public const string AgentTimeout = "agent_timeout";
    public const string AgentStalled = "agent_stalled";
    public const string NoChanges = "no_changes";
    public const string ProtectedChange = "protected_change";
    public const string BudgetExhausted = "budget_exhausted";
    public const string PushRejected = "push_rejected";
    public const string BranchNotFound = "branch_not_found";
    public const string EmptyRepo = "empty_repo";
    public const string CiFailed = "ci_failed";
    public const string CiNotConfigured = "ci_not_configured";
    public const string CiNotStarted = "ci_not_started";
    public const string CiTimeout = "ci_timeout";
    public const string CiCancelled = "ci_cancelled";
    public const string CiActionRequired = "ci_action_required";
    public const string CiInfrastructure = "ci_infrastructure";
    public const string GitHubUnauthorized = "github_unauthorized";
    public const string GitHubForbidden = "github_forbidden";
    public const string GitHubNotFound = "github_not_found";
    public const string MergeConflict = "merge_conflict";
    public const string NotMergeable = "not_mergeable";
    public const string BranchGone = "branch_gone";
    public const string PullRequestClosed = "pull_request_closed";
    public const string WorkerLost = "worker_lost";
    public const string Internal = "internal";

    /// <summary>A state that doesn't allow what was asked (409).</summary>
    public const string Conflict = "conflict";

    /// <summary>The task has changed since the version named in <c>If-Match</c> (412).</summary>
    public const string PreconditionFailed = "precondition_failed";

    /// <summary>Causes that another try can't mend: such a task ends in <see cref="Status.Error"/>.</summary>
    public static FrozenSet<string> Fatal { get; } = new[]
    {
        InvalidRepo, BranchNotFound, EmptyRepo, AgentNotFound, AgentNotSignedIn,
        GitHubUnauthorized, GitHubForbidden, GitHubNotFound, Internal,
    }.ToFrozenSet();
}
