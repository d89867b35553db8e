using System.Net;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using PullRequest = Ampx.Core.Tasks.PullRequest;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Opens, finds, readies and merges a task's pull request. Every call can be repeated.</summary>
public sealed partial class GitHubPullRequests
{
    private readonly GitHubApi _api;
    private readonly PullRequestOptions _options;
    private readonly ILogger<GitHubPullRequests> _log;
    private readonly ResiliencePipeline<Octokit.PullRequest> _untilKnown;

    /// <summary>Over <paramref name="api"/>.</summary>
    public GitHubPullRequests(GitHubApi api, IOptions<PullRequestOptions> options, TimeProvider time, ILogger<GitHubPullRequests> log)
    {
        ArgumentNullException.ThrowIfNull(api);
        ArgumentNullException.ThrowIfNull(options);
        (_api, _options, _log) = (api, options.Value, log);
        _untilKnown = new ResiliencePipelineBuilder<Octokit.PullRequest> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<Octokit.PullRequest>
            {
                MaxRetryAttempts = 5,
                Delay = api.Options.LookAgain,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Result is { Merged: false, Mergeable: null } pull && pull.State.Value is Octokit.ItemState.Open),
            })
            .Build();
    }

    /// <summary>The task's pull request: found, or opened, and ready unless <paramref name="draft"/>.</summary>
    public async Task<PullRequest> Open(RepoRef repo, TaskState task, bool draft, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        var found = task.PullRequest is { } known ? await Get(repo, known.Number, cancel) : await Find(repo, task.Branch, cancel);
        if (found is null)
        {
            found = await Create(repo, task, draft, cancel);
            await Adorn(repo, found.Number, cancel);
        }
        else if (found.State.Value is Octokit.ItemState.Open && PullRequestText.Renewed(found.Body, task) is { } body)
        {
            await Try(repo, "renew the pull request's text", client => client.PullRequest.Update(repo.Owner, repo.Name, found.Number, new Octokit.PullRequestUpdate { Body = body }), cancel);
        }

        if (found.Draft && !draft && found.State.Value is Octokit.ItemState.Open)
        {
            await MarkReady(repo, found, cancel);
            return Ours(found) with { State = PullRequestState.Open };
        }

        return Ours(found);
    }

    /// <summary>Merges exactly the judged commit.</summary>
    public async Task<TaskEvent> Merge(RepoRef repo, TaskState task, MergeOrder order, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(order);
        if (task is not { PullRequest.Number: var number, HeadSha: { } sha }) return No("there is no pull request to merge");
        var pull = await _untilKnown.ExecuteAsync(async token => await Get(repo, number, token), cancel);
        if (!pull.Merged)
        {
            if (pull.State.Value is not Octokit.ItemState.Open) return No($"pull request #{number} is closed");
            if (pull.Head.Sha != sha) return No($"{task.Branch} has moved to {pull.Head.Sha[..10]} since CI judged {sha[..10]}");
            if (Conflicts(pull)) return Conflict();
            if (order.Auto) return No("this version doesn't arm GitHub's auto-merge: merge without --auto");
            if (pull.Draft) await MarkReady(repo, pull, cancel);
            if (await Refused() is { } refusal) return refusal;
        }

        if (order.DeleteBranch)
            await Try(repo, "delete the branch", client => client.Git.Reference.Delete(repo.Owner, repo.Name, $"heads/{task.Branch}"), cancel, HttpStatusCode.UnprocessableEntity, HttpStatusCode.NotFound);
        return new Merged(pull.Merged ? pull.MergeCommitSha ?? sha : (await Get(repo, number, cancel)).MergeCommitSha ?? sha);

        async Task<TaskEvent?> Refused()
        {
            var wish = new Octokit.MergePullRequest
            {
                Sha = sha,
                MergeMethod = order.Method switch { MergeMethod.Rebase => Octokit.PullRequestMergeMethod.Rebase, MergeMethod.Merge => Octokit.PullRequestMergeMethod.Merge, _ => Octokit.PullRequestMergeMethod.Squash },
            };
            try
            {
                await _api.Ask(repo, $"merge pull request #{number}", client => client.PullRequest.Merge(repo.Owner, repo.Name, number, wish), cancel);
                return null;
            }
            catch (ForgeException no) when (no.InnerException is Octokit.ApiException { StatusCode: HttpStatusCode.MethodNotAllowed or HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity } answer)
            {
                var now = await Get(repo, number, cancel);
                if (now.Merged) return null;
                if (Conflicts(now) || answer.Message.Contains("conflict", StringComparison.OrdinalIgnoreCase)) return Conflict();
                return now.Head.Sha != sha
                    ? No($"{task.Branch} has moved to {now.Head.Sha[..10]} since CI judged {sha[..10]}")
                    : No($"GitHub won't merge pull request #{number}: {GitHubApi.Words(answer)}");
            }
        }

        MergeRefused Conflict() => new(ErrorCodes.MergeConflict, $"{task.Branch} conflicts with {pull.Base?.Ref ?? task.Base}: 'ampx continue' with an instruction to resolve it, or resolve it by hand") { By = "system" };
        static MergeRefused No(string why) => new(ErrorCodes.NotMergeable, why);
    }

    private static bool Conflicts(Octokit.PullRequest pull) => pull.Mergeable is false && pull.MergeableState?.StringValue is null or "dirty" or "unknown";

    private async Task<Octokit.PullRequest> Create(RepoRef repo, TaskState task, bool draft, CancellationToken cancel)
    {
        var wish = new Octokit.NewPullRequest(PullRequestText.Title(task), task.Branch, task.Base!) { Body = PullRequestText.Body(task), Draft = draft };
        while (true)
        {
            try
            {
                return await _api.Ask(repo, "open the pull request", client => client.PullRequest.Create(repo.Owner, repo.Name, wish), cancel);
            }
            catch (ForgeException no) when (no.InnerException is Octokit.ApiException { StatusCode: HttpStatusCode.UnprocessableEntity } answer)
            {
                var words = GitHubApi.Words(answer);
                if (words.Contains("already exists", StringComparison.OrdinalIgnoreCase) && await Find(repo, task.Branch, cancel) is { } there) return there;
                if (wish.Draft is true && words.Contains("draft", StringComparison.OrdinalIgnoreCase))
                {
                    wish.Draft = false; // The repository's plan has no drafts.
                    continue;
                }

                if (words.Contains("head", StringComparison.OrdinalIgnoreCase) && words.Contains("invalid", StringComparison.OrdinalIgnoreCase))
                    throw new ForgeException(ErrorCodes.BranchGone, $"couldn't open the pull request: branch {task.Branch} isn't at GitHub", no);
                if (words.Contains("No commits between", StringComparison.OrdinalIgnoreCase))
                    throw new ForgeException(ErrorCodes.NoChanges, $"couldn't open the pull request: {task.Branch} has nothing that {task.Base} lacks", no);
                throw;
            }
        }
    }

    private async Task<Octokit.PullRequest?> Find(RepoRef repo, string branch, CancellationToken cancel)
    {
        var open = await _api.Ask(repo, "look for the pull request", client => client.PullRequest.GetAllForRepository(
            repo.Owner, repo.Name, new Octokit.PullRequestRequest { Head = $"{repo.Owner}:{branch}", State = Octokit.ItemStateFilter.Open }), cancel);
        // An unknown head filter is ignored by GitHub, so look at what came.
        return open.FirstOrDefault(pull => pull.Head?.Ref == branch);
    }

    private Task<Octokit.PullRequest> Get(RepoRef repo, int number, CancellationToken cancel) =>
        _api.Ask(repo, $"read pull request #{number}", client => client.PullRequest.Get(repo.Owner, repo.Name, number), cancel);

    private Task MarkReady(RepoRef repo, Octokit.PullRequest pull, CancellationToken cancel) =>
        _api.Mutate(repo, $"mark pull request #{pull.Number} ready", "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }",
            new() { ["id"] = pull.NodeId }, cancel);

    /// <summary>Labels and reviewers: nice to have, no reason to fail.</summary>
    private async Task Adorn(RepoRef repo, int number, CancellationToken cancel)
    {
        if (_options.Labels.Count > 0)
            await Try(repo, "label the pull request", client => client.Issue.Labels.AddToIssue(repo.Owner, repo.Name, number, [.. _options.Labels]), cancel);
        var (teams, users) = (_options.Reviewers.Where(who => who.Contains('/', StringComparison.Ordinal)).Select(who => who.Split('/')[^1]).ToList(),
            _options.Reviewers.Where(who => !who.Contains('/', StringComparison.Ordinal)).ToList());
        if (teams.Count + users.Count > 0)
            await Try(repo, "ask for reviews", client => client.PullRequest.ReviewRequest.Create(repo.Owner, repo.Name, number, new Octokit.PullRequestReviewRequest(users, teams)), cancel);
    }

    private async Task Try(RepoRef repo, string what, Func<Octokit.IGitHubClient, Task> ask, CancellationToken cancel, params HttpStatusCode[] fine)
    {
        try
        {
            await _api.Ask(repo, what, ask, cancel);
        }
        catch (ForgeException no)
        {
            if (!fine.Any(no.Is)) LogLeftOut(repo.Key, no.Message);
        }
    }

    private static PullRequest Ours(Octokit.PullRequest pull) => new(pull.Number, pull.HtmlUrl, pull switch
    {
        { Merged: true } => PullRequestState.Merged,
        _ when pull.State.Value is Octokit.ItemState.Closed => PullRequestState.Closed,
        { Draft: true } => PullRequestState.Draft,
        _ => PullRequestState.Open,
    });

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Repo}: left out: {Detail}")]
    private partial void LogLeftOut(string repo, string detail);
}
