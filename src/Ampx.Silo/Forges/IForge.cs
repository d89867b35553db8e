using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Git;

namespace Ampx.Silo.Forges;

/// <summary>Where a repository lives: GitHub, or a plain git remote.</summary>
/// <remarks>Every call can be repeated: opening finds the open pull request, merging finds the branch merged.</remarks>
public interface IForge
{
    /// <summary>Where git fetches and pushes, with a short-lived token where one is needed. Asks the forge first whether the credential may push and read CI.</summary>
    /// <exception cref="ForgeException">invalid_repo, github_unauthorized, github_forbidden, github_not_found.</exception>
    Task<GitRemote> Remote(RepoRef repo, CancellationToken cancel);

    /// <summary>The same for one push: with a token made for it where the forge makes tokens.</summary>
    /// <inheritdoc cref="Remote"/>
    Task<GitRemote> RemoteForPush(RepoRef repo, CancellationToken cancel) => Remote(repo, cancel);

    /// <summary>Where people read the branch without a pull request; null if nowhere.</summary>
    string? CompareUrl(RepoRef repo, string baseBranch, string branch);

    /// <summary>The runs of <paramref name="scope"/>, to see which commits moved since <paramref name="before"/>; what hasn't changed costs nothing.</summary>
    /// <exception cref="ForgeException">The forge couldn't be asked.</exception>
    Task<CiListing> ListCi(RepoRef repo, CiScope scope, CiListing? before, CancellationToken cancel);

    /// <summary>Counts the jobs of <paramref name="runs"/> for people who watch; what hasn't changed since <paramref name="before"/> costs nothing. Null where CI has no jobs.</summary>
    /// <exception cref="ForgeException">The forge couldn't be asked.</exception>
    Task<CiJobs?> CountJobs(RepoRef repo, IReadOnlyList<ListedRun> runs, CiJobs? before, CancellationToken cancel) => Task.FromResult<CiJobs?>(null);

    /// <summary>CI's verdict on the task's <see cref="TaskState.HeadSha"/>, from a full reading.</summary>
    /// <exception cref="ForgeException">The forge couldn't be asked.</exception>
    Task<CiLook> ReadCi(RepoRef repo, TaskState task, CancellationToken cancel);

    /// <summary>What the next run is told of the red CI of <see cref="TaskState.HeadSha"/>, within <c>Ci:FeedbackBudget</c> characters.</summary>
    Task<FeedbackCollected> CollectFeedback(RepoRef repo, TaskState task, CancellationToken cancel);

    /// <summary>Opens the task's pull request, finds it again, or marks it ready if it is a draft and <paramref name="draft"/> is false.</summary>
    Task<PullRequest> OpenPullRequest(RepoRef repo, TaskState task, bool draft, CancellationToken cancel);

    /// <summary>The task's pull request where it isn't as the task has it: a person, or the forge's auto-merge, has been at it. Null if it is, or there is none.</summary>
    Task<PullRequestSeen?> SeePullRequest(RepoRef repo, TaskState task, CancellationToken cancel);

    /// <summary>Why the task's branch takes no more work: deleted, or merged without a pull request. Null if it does.</summary>
    Task<string?> WhyBranchGone(RepoRef repo, TaskState task, CancellationToken cancel);

    /// <summary>Title, body and comments of an issue.</summary>
    /// <exception cref="ForgeException">github_not_found, github_forbidden.</exception>
    Task<IssueText> ReadIssue(RepoRef repo, int number, CancellationToken cancel);

    /// <summary>
    /// Merges exactly <see cref="TaskState.HeadSha"/>, or has the forge do it, or not do it any more:
    /// <see cref="Merged"/>, <see cref="AutoMergeArmed"/>, <see cref="AutoMergeDisarmed"/> or <see cref="MergeRefused"/>.
    /// </summary>
    Task<TaskEvent> Merge(RepoRef repo, TaskState task, MergeOrder order, CancellationToken cancel);
}
