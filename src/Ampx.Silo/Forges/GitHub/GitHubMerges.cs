using System.Net;
using Ampx.Core.Tasks;
using Polly;
using Polly.Retry;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Merges a task's pull request, has GitHub do it, or takes that back. Every call can be repeated.</summary>
public sealed class GitHubMerges
{
    private readonly GitHubApi _api;
    private readonly GitHubPullRequests _pulls;
    private readonly GitHubBranches _branches;
    private readonly ResiliencePipeline<Octokit.PullRequest> _untilKnown;
    private readonly ResiliencePipeline _whileBaseMoves;

    /// <summary>Over <paramref name="api"/>.</summary>
    public GitHubMerges(GitHubApi api, GitHubPullRequests pulls, GitHubBranches branches, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(api);
        (_api, _pulls, _branches) = (api, pulls, branches);
        _untilKnown = new ResiliencePipelineBuilder<Octokit.PullRequest> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<Octokit.PullRequest>
            {
                MaxRetryAttempts = 5,
                Delay = api.Options.LookAgain,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Result is { Merged: false, Mergeable: null } pull && pull.State.Value is Octokit.ItemState.Open),
            })
            .Build();
        _whileBaseMoves = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = 4,
                Delay = api.Options.LookAgain,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is ForgeException { InnerException: Octokit.ApiException answer } && answer.Message.Contains("Base branch was modified", StringComparison.OrdinalIgnoreCase)),
            })
            .Build();
    }

    /// <summary>Merges exactly the judged commit, or arms GitHub's auto-merge of it: <see cref="Merged"/>, <see cref="AutoMergeArmed"/> or <see cref="MergeRefused"/>.</summary>
    public async Task<TaskEvent> Merge(RepoRef repo, TaskState task, MergeOrder order, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(order);
        if (task is not { PullRequest.Number: var number, HeadSha: { } sha }) return MergeRefusals.No("there is no pull request to merge");
        var pull = await Known(repo, number, cancel);
        if (pull is { Merged: false, Draft: true } && MergeRefusals.Of(pull, task) is null)
        {
            await _pulls.MarkReady(repo, number, pull.NodeId, cancel);
            pull = await Known(repo, number, cancel);
        }

        if (!pull.Merged && MergeRefusals.Of(pull, task) is { } impossible) return impossible;
        if (!pull.Merged && order.Auto && !MergeRefusals.IsFree(pull) && await Arm(repo, pull, sha, order, cancel) is { } armed) return armed;
        var merged = pull.Merged ? pull.MergeCommitSha ?? sha : null;
        if (merged is null)
        {
            var (made, refusal) = await Do(repo, task, pull, order, cancel);
            if (made is null) return refusal!;
            merged = made;
        }

        if (order.DeleteBranch) await _branches.Delete(repo, task, pull.Head.Sha, cancel);
        return new Merged(merged);
    }

    /// <summary>Takes the armed auto-merge back: <see cref="AutoMergeDisarmed"/>, or <see cref="Merged"/> if it was too late.</summary>
    public async Task<TaskEvent> Disarm(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (task.PullRequest is not { Number: var number }) return new AutoMergeDisarmed();
        var pull = await _pulls.Facts(repo, number, cancel);
        if (pull.IsOpen)
        {
            var (what, mutation) = pull.AutoMerge is not null
                ? ($"take back the auto-merge of pull request #{number}", "mutation($id: ID!) { disablePullRequestAutoMerge(input: {pullRequestId: $id}) { pullRequest { number } } }")
                : ($"take pull request #{number} out of the merge queue", "mutation($id: ID!) { dequeuePullRequest(input: {id: $id}) { mergeQueueEntry { id } } }");
            try
            {
                await _api.Mutate(repo, what, mutation, new() { ["id"] = pull.NodeId }, cancel);
            }
            catch (ForgeException no) when (no.Code is ErrorCodes.NotMergeable && pull.AutoMerge is null)
            {
                // Neither armed nor in a queue: there is nothing to take back.
            }
            catch (ForgeException no) when (no.Code is ErrorCodes.NotMergeable)
            {
                pull = await _pulls.Facts(repo, number, cancel);
                if (pull is { IsOpen: true, AutoMerge: not null }) throw;
            }
        }

        return pull.Merged ? new Merged(pull.MergeCommitSha ?? task.HeadSha!) : new AutoMergeDisarmed();
    }

    private async Task<Octokit.PullRequest> Known(RepoRef repo, int number, CancellationToken cancel) =>
        await _untilKnown.ExecuteAsync(async token => await _pulls.Get(repo, number, token), cancel);

    /// <returns>Null if nothing is in the way: then it is merged at once.</returns>
    private async Task<TaskEvent?> Arm(RepoRef repo, Octokit.PullRequest pull, string sha, MergeOrder order, CancellationToken cancel)
    {
        if ((await _pulls.Facts(repo, pull.Number, cancel)).AutoMerge is not null) return new AutoMergeArmed();
        try
        {
            await _api.Mutate(repo, $"arm the auto-merge of pull request #{pull.Number}",
                "mutation($id: ID!, $method: PullRequestMergeMethod!, $sha: GitObjectID!) { enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method, expectedHeadOid: $sha}) { pullRequest { number } } }",
                new() { ["id"] = pull.NodeId, ["method"] = order.Method.ToString().ToUpperInvariant(), ["sha"] = sha }, cancel);
            return new AutoMergeArmed();
        }
        catch (ForgeException no) when (no.Code is ErrorCodes.NotMergeable)
        {
            // "clean" and "unstable" (only checks that aren't required are missing) can be merged as they are.
            if (no.Message.Contains("clean status", StringComparison.OrdinalIgnoreCase) || no.Message.Contains("unstable status", StringComparison.OrdinalIgnoreCase)) return null;
            return (await _pulls.Facts(repo, pull.Number, cancel)).Merged ? null : await Said(repo, pull, no.Message, cancel);
        }
    }

    private async Task<(string? Sha, TaskEvent? Refusal)> Do(RepoRef repo, TaskState task, Octokit.PullRequest pull, MergeOrder order, CancellationToken cancel)
    {
        var wish = new Octokit.MergePullRequest
        {
            Sha = task.HeadSha,
            MergeMethod = order.Method switch { MergeMethod.Rebase => Octokit.PullRequestMergeMethod.Rebase, MergeMethod.Merge => Octokit.PullRequestMergeMethod.Merge, _ => Octokit.PullRequestMergeMethod.Squash },
        };
        try
        {
            var done = await _whileBaseMoves.ExecuteAsync(async token =>
                await _api.Ask(repo, $"merge pull request #{pull.Number}", client => client.PullRequest.Merge(repo.Owner, repo.Name, pull.Number, wish), token), cancel);
            return (done.Sha, null);
        }
        catch (ForgeException no) when (no.InnerException is Octokit.ApiException { StatusCode: HttpStatusCode.MethodNotAllowed or HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity } answer)
        {
            // The call before may have merged it and its answer been lost.
            var now = await Known(repo, pull.Number, cancel);
            if (now.Merged) return (now.MergeCommitSha ?? task.HeadSha!, null);
            if (MergeRefusals.Of(now, task) is { } changed) return (null, changed);
            var words = GitHubApi.Words(answer);
            if (words.Contains("conflict", StringComparison.OrdinalIgnoreCase)) return (null, MergeRefusals.Conflict(now, task));
            if (order.Auto && words.Contains("merge queue", StringComparison.OrdinalIgnoreCase)) return (null, await Enqueue(repo, now, task.HeadSha!, cancel));
            return (null, await Said(repo, now, words, cancel));
        }
    }

    private async Task<TaskEvent> Enqueue(RepoRef repo, Octokit.PullRequest pull, string sha, CancellationToken cancel)
    {
        try
        {
            await _api.Mutate(repo, $"put pull request #{pull.Number} into the merge queue",
                "mutation($id: ID!, $sha: GitObjectID!) { enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $sha}) { mergeQueueEntry { id } } }", new() { ["id"] = pull.NodeId, ["sha"] = sha }, cancel);
            return new AutoMergeArmed();
        }
        catch (ForgeException no) when (no.Code is ErrorCodes.NotMergeable)
        {
            return MergeRefusals.No(no.Message);
        }
    }

    private async Task<TaskEvent> Said(RepoRef repo, Octokit.PullRequest pull, string words, CancellationToken cancel)
    {
        if (!MergeRefusals.IsAboutTheMethod(words)) return MergeRefusals.Of(pull, words, null);
        return MergeRefusals.Of(pull, words, await _api.Ask(repo, "read the repository's settings", client => client.Repository.Get(repo.Owner, repo.Name), cancel));
    }
}
