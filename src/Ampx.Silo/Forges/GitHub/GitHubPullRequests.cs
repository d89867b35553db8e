using System.Net;
using System.Text.RegularExpressions;
using Ampx.Core.Tasks;
using Ampx.Silo.Agents;
using Microsoft.Extensions.Options;
using PullRequest = Ampx.Core.Tasks.PullRequest;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Opens, finds, readies and looks at a task's pull request. Every call can be repeated.</summary>
public sealed partial class GitHubPullRequests(GitHubApi api, AgentProfiles agents, IOptions<PullRequestOptions> options, TaskNotes notes)
{
    /// <summary>The task's pull request: found, or opened, and ready unless <paramref name="draft"/>.</summary>
    public async Task<PullRequest> Open(RepoRef repo, TaskState task, bool draft, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        var found = task.PullRequest is { } known ? await Get(repo, known.Number, cancel) : await Find(repo, task, $"{repo.Owner}:{task.Branch}", cancel);
        var made = found is null;
        found ??= await Create(repo, task, draft, cancel);
        if (found.State.Value is Octokit.ItemState.Open)
        {
            // Also one that was opened just before a crash; not one that a person opened.
            if (made || (task.PullRequest is null && PullRequestText.IsOurs(found.Body))) await Adorn(repo, task, found, cancel);
            if (PullRequestText.Renewed(found.Body, task, ThreadOf(task)) is { } body)
                await Try(repo, task, "renew the pull request's text", client => client.PullRequest.Update(repo.Owner, repo.Name, found.Number, new Octokit.PullRequestUpdate { Body = body }), cancel);
        }

        if (!found.Draft || draft || found.State.Value is not Octokit.ItemState.Open) return Ours(found);
        await MarkReady(repo, found.Number, found.NodeId, cancel);
        return Ours(found) with { State = PullRequestState.Open };
    }

    /// <summary>The task's pull request as it is now where the task has it otherwise; null if it is as the task has it.</summary>
    public async Task<PullRequestSeen?> See(RepoRef repo, TaskState task, CancellationToken cancel) => (await Look(repo, task, cancel)).News;

    /// <summary>The same, with the commit that the pull request is at.</summary>
    internal async Task<(PullRequestSeen? News, string? Sha)> Look(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (task.PullRequest is not { } known) return (null, null);
        var now = await Facts(repo, known.Number, cancel);
        var state = now switch
        {
            { Merged: true } => PullRequestState.Merged,
            { IsOpen: false } => PullRequestState.Closed,
            { Draft: true } => PullRequestState.Draft,
            _ => PullRequestState.Open,
        };
        var armed = now.IsOpen && (now.AutoMerge is not null || (known.AutoMerge && await IsQueued(repo, now, cancel)));
        var seen = known with { State = state, AutoMerge = armed, Url = now.HtmlUrl };
        return (seen == known ? null : new PullRequestSeen(seen), now.Head?.Sha);
    }

    internal Task<Octokit.PullRequest> Get(RepoRef repo, int number, CancellationToken cancel) =>
        api.Ask(repo, $"read pull request #{number}", client => client.PullRequest.Get(repo.Owner, repo.Name, number), cancel);

    internal async Task<PullRequestFacts> Facts(RepoRef repo, int number, CancellationToken cancel) => (await api.Ask(
        repo, $"read pull request #{number}", client => client.Connection.Get<PullRequestFacts>(new Uri($"repos/{repo.Owner}/{repo.Name}/pulls/{number}", UriKind.Relative), null), cancel)).Body;

    internal Task MarkReady(RepoRef repo, int number, string node, CancellationToken cancel) =>
        api.Mutate(repo, $"mark pull request #{number} ready", "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { pullRequest { isDraft } } }", new() { ["id"] = node }, cancel);

    /// <summary>Does what is nice to have: its failure is no failure of the task's, it stands in the log.</summary>
    internal async Task Try(RepoRef repo, TaskState task, string what, Func<Octokit.IGitHubClient, Task> ask, CancellationToken cancel, params HttpStatusCode[] fine)
    {
        try
        {
            await api.Ask(repo, what, ask, cancel);
        }
        catch (ForgeException no)
        {
            if (!fine.Any(no.Is)) notes(task.Id, task.Attempt?.Number ?? 0, "system", $"left out: {no.Message}");
        }
    }

    /// <summary>Not known to older Enterprise servers: those have no queue.</summary>
    private async Task<bool> IsQueued(RepoRef repo, PullRequestFacts pull, CancellationToken cancel)
    {
        var answer = await api.Query<MergeQueueFacts>(
            repo, $"ask for the merge queue of pull request #{pull.Number}", "query($id: ID!) { node(id: $id) { ... on PullRequest { is_in_merge_queue: isInMergeQueue } } }", new() { ["id"] = pull.NodeId }, cancel);
        return answer.IsQueued;
    }

    private async Task<Octokit.PullRequest> Create(RepoRef repo, TaskState task, bool draft, CancellationToken cancel)
    {
        var wish = new Octokit.NewPullRequest(PullRequestText.Title(task), task.Branch, task.Base!) { Body = PullRequestText.Body(task, ThreadOf(task)), Draft = draft };
        while (true)
        {
            try
            {
                return await api.Ask(repo, "open the pull request", client => client.PullRequest.Create(repo.Owner, repo.Name, wish), cancel);
            }
            catch (ForgeException no) when (no.InnerException is Octokit.ApiException { StatusCode: HttpStatusCode.UnprocessableEntity } answer)
            {
                var words = GitHubApi.Words(answer);
                // It names the branch with its owner, who may have another name by now.
                if (Existing().Match(words) is { Success: true } exists && await Find(repo, task, exists.Groups["head"].Value.TrimEnd('.'), cancel) is { } there) return there;
                if (wish.Draft is true && words.Contains("draft", StringComparison.OrdinalIgnoreCase))
                {
                    wish.Draft = false; // The repository's plan has no drafts.
                    continue;
                }

                if (IsInvalid(answer, "head")) throw new ForgeException(ErrorCodes.BranchGone, $"couldn't open the pull request: branch {task.Branch} isn't at GitHub", no);
                if (IsInvalid(answer, "base"))
                    throw new ForgeException(ErrorCodes.BranchNotFound, $"couldn't open the pull request: its base {task.Base} isn't at GitHub any more, it was deleted or renamed", no);
                if (words.Contains("No commits between", StringComparison.OrdinalIgnoreCase))
                    throw new ForgeException(ErrorCodes.NoChanges, $"couldn't open the pull request: {task.Branch} has nothing that {task.Base} lacks", no);
                throw;
            }
        }
    }

    private static bool IsInvalid(Octokit.ApiException answer, string field) => answer.ApiError?.Errors?.Any(error => error.Field == field && error.Code is "invalid") is true;

    /// <summary>The open one from the task's branch to its base, whoever opened it; not one from a fork's branch of the same name.</summary>
    private async Task<Octokit.PullRequest?> Find(RepoRef repo, TaskState task, string head, CancellationToken cancel)
    {
        var open = await api.Ask(repo, "look for the pull request", client => client.PullRequest.GetAllForRepository(
            repo.Owner, repo.Name, new Octokit.PullRequestRequest { Head = head, State = Octokit.ItemStateFilter.Open }), cancel);
        // An unknown head filter is ignored by GitHub, so look at what came.
        return open.FirstOrDefault(pull => pull.Head?.Ref == task.Branch && pull.Base?.Ref == task.Base && pull.Head?.Repository?.Id == pull.Base?.Repository?.Id);
    }

    /// <summary>Labels and reviewers: nice to have, no reason to fail.</summary>
    private async Task Adorn(RepoRef repo, TaskState task, Octokit.PullRequest pull, CancellationToken cancel)
    {
        var labels = options.Value.Labels.Except(pull.Labels?.Select(label => label.Name) ?? [], StringComparer.OrdinalIgnoreCase).ToArray();
        if (labels.Length > 0)
            await Try(repo, task, "label the pull request", client => client.Issue.Labels.AddToIssue(repo.Owner, repo.Name, pull.Number, labels), cancel);
        if (pull.RequestedReviewers is { Count: > 0 } || pull.RequestedTeams is { Count: > 0 }) return;
        // One by one: GitHub refuses all for one who is no collaborator.
        foreach (var who in options.Value.Reviewers)
        {
            var wish = who.Split('/') is [_, var team] ? new Octokit.PullRequestReviewRequest([], [team]) : new Octokit.PullRequestReviewRequest([who], []);
            await Try(repo, task, $"ask {who} for a review", client => client.PullRequest.ReviewRequest.Create(repo.Owner, repo.Name, pull.Number, wish), cancel);
        }
    }

    private Uri? ThreadOf(TaskState task) => task.ThreadId is { } thread ? agents.Find(task.Agent)?.ThreadPage(thread) : null;

    private static PullRequest Ours(Octokit.PullRequest pull) => new(pull.Number, pull.HtmlUrl, pull switch
    {
        { Merged: true } => PullRequestState.Merged,
        _ when pull.State.Value is Octokit.ItemState.Closed => PullRequestState.Closed,
        { Draft: true } => PullRequestState.Draft,
        _ => PullRequestState.Open,
    });

    [GeneratedRegex(@"already exists for (?<head>\S+)", RegexOptions.IgnoreCase)]
    private static partial Regex Existing();
}
