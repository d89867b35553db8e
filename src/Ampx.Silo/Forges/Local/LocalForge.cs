using System.Runtime.CompilerServices;
using Ampx.Core.Ci;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Ampx.Silo.Git;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Forges.Local;

/// <summary>A plain git remote: CI is a command that a worker runs, the pull request is the branch itself.</summary>
public sealed class LocalForge(LocalMerge merging, Mirrors mirrors, ILogReader logs, IOptions<GitOptions> git, IOptions<CiOptions> ci) : IForge
{
    public Task<GitRemote> Remote(RepoRef repo, CancellationToken cancel) => Task.FromResult(new GitRemote(repo.Url));

    public string? CompareUrl(RepoRef repo, string baseBranch, string branch) => null;

    /// <summary>Never asked: the worker that runs the command reports its end.</summary>
    public Task<CiListing> ListCi(RepoRef repo, CiScope scope, CiListing? before, CancellationToken cancel) => Task.FromResult(new CiListing(scope, []));

    /// <inheritdoc/>
    public Task<CiLook> ReadCi(RepoRef repo, TaskState task, CancellationToken cancel) => Task.FromResult(new CiLook(null, null));

    public async Task<FeedbackCollected> CollectFeedback(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        var budget = ci.Value.FeedbackBudget;
        var excerpt = new FeedbackExcerpt(budget);
        await excerpt.Read(Lines(task.Id, task.Attempt?.Number ?? 0, cancel), cancel);
        var command = task.Attempt?.Ci?.Runs is [var run, ..] ? run.Name : "CI";
        FailedJob[] failed = [new(repo.Name, "ci", command, null, excerpt)];
        return new FeedbackCollected(CiFeedback.Compose(failed, budget), CiFeedback.Cause(failed));
    }

    /// <exception cref="NotSupportedException">A plain git remote has no pull requests; the state machine never asks for one.</exception>
    public Task<PullRequest> OpenPullRequest(RepoRef repo, TaskState task, bool draft, CancellationToken cancel) =>
        throw new NotSupportedException("a plain git remote has no pull requests");

    /// <summary>There is none.</summary>
    public Task<PullRequestSeen?> SeePullRequest(RepoRef repo, TaskState task, CancellationToken cancel) => Task.FromResult<PullRequestSeen?>(null);

    public async Task<string?> WhyBranchGone(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        var remote = new GitRemote(repo.Url);
        var now = await mirrors.Fetch(remote, cancel);
        if (!now.Heads.TryGetValue(task.Branch, out var tip)) return $"branch {task.Branch} was deleted from {repo.Url}";
        var merged = tip != task.BaseSha && task.Base is { } into && now.Heads.TryGetValue(into, out var target) && await LocalMerge.AlreadyMerged(mirrors.Repository(remote), tip, target, cancel) is not null;
        return merged ? $"branch {task.Branch} is merged into {task.Base} already" : null;
    }

    /// <exception cref="NotSupportedException">A plain git remote has no issues; a request for one is refused at once.</exception>
    public Task<IssueText> ReadIssue(RepoRef repo, int number, CancellationToken cancel) => throw new NotSupportedException("a plain git remote has no issues");

    /// <summary>Where nobody else has a say there is nothing to wait for: <see cref="MergeOrder.Auto"/> merges at once.</summary>
    public async Task<TaskEvent> Merge(RepoRef repo, TaskState task, MergeOrder order, CancellationToken cancel)
    {
        var remote = new GitRemote(repo.Url);
        if (remote.LocalPath is null) return new MergeRefused(ErrorCodes.NotMergeable, $"Ampx merges on GitHub and in repositories on this machine; merge {task.Branch} on {repo.Host} itself");
        try
        {
            var outcome = await merging.Merge(
                new LocalMergeOrder(remote, task.Branch, task.Base!, task.HeadSha!, order.Method, task.Prompt, task.Id, git.Value.AuthorName, git.Value.AuthorEmail, order.DeleteBranch), cancel);
            return outcome switch
            {
                LocalMergeOutcome.Merged merged => new Merged(merged.Sha),
                LocalMergeOutcome.Moved { Sha: { } sha } => new MergeRefused(ErrorCodes.NotMergeable, $"{task.Branch} has moved to {sha}, which CI has not judged: continue the task first"),
                LocalMergeOutcome.Moved => new MergeRefused(ErrorCodes.BranchGone, $"{task.Branch} is gone from {repo.Url}"),
                LocalMergeOutcome.Conflict conflict => new MergeRefused(ErrorCodes.MergeConflict, $"{task.Branch} conflicts with {task.Base} in {string.Join(", ", conflict.Files)}: continue the task with an instruction to bring them together"),
                LocalMergeOutcome.Refused no => new MergeRefused(ErrorCodes.NotMergeable, no.Detail),
                _ => throw new InvalidOperationException($"a merge can't end in {outcome.GetType().Name}"),
            };
        }
        catch (RemoteException gone)
        {
            return new MergeRefused(ErrorCodes.NotMergeable, gone.Message);
        }
    }

    private async IAsyncEnumerable<string> Lines(string taskId, int attempt, [EnumeratorCancellation] CancellationToken cancel)
    {
        var after = 0L;
        while (await logs.Read(taskId, new LogQuery(after, 1000, ["ci"], attempt), cancel) is { Count: > 0 } page)
        {
            foreach (var entry in page) yield return entry.Text;
            after = page[^1].Seq;
        }
    }
}
