using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Pull requests.</summary>
internal static class PullEndpoints
{
    public static void MapPulls(this WebApplication app, Site site)
    {
        app.OnRepo(site, "GET", "pulls", "pull_requests=read", List);
        app.OnRepo(site, "POST", "pulls", "pull_requests=write", Create);
        app.OnRepo(site, "GET", "pulls/{number:int}", "pull_requests=read", Get);
        app.OnRepo(site, "PATCH", "pulls/{number:int}", "pull_requests=write", Update);
        app.OnRepo(site, "GET", "pulls/{number:int}/merge", "pull_requests=read", call =>
            Task.FromResult(call.Pull is { MergedAt: not null } ? Answer.NoContent : Answer.NotFound));
        app.OnRepo(site, "PUT", "pulls/{number:int}/merge", "contents=write", Merge);
        app.OnRepo(site, "GET", "pulls/{number:int}/files", "pull_requests=read", Files);
        app.OnRepo(site, "GET", "pulls/{number:int}/reviews", "pull_requests=read", call => Task.FromResult(call.Pull is { } pull
            ? Answer.Page(call.Call.Http, pull.Reviews, (page, _) => page, review => PullShapes.Review(site, call.Repository, pull, review))
            : Answer.NotFound));
        app.OnRepo(site, "POST", "pulls/{number:int}/reviews", "pull_requests=write", Review);
        app.OnRepo(site, "POST", "pulls/{number:int}/requested_reviewers", "pull_requests=write", RequestReview);
    }

    private static Task<Answer> List(RepoCall call)
    {
        var ask = call.Call;
        var state = ask.Query("state") ?? "open";
        var pulls = call.Repository.Pulls.Where(pull =>
                (state == "all" || pull.State == state) &&
                (ask.Query("base") is not { } to || pull.Base == to) &&
                (ask.Query("head") is not { } head || head == $"{call.Repository.Owner}:{pull.Head}"))
            .OrderBy(pull => ask.Query("direction") == "asc" ? pull.Number : -pull.Number).ToList();
        return Task.FromResult(Answer.Page(ask.Http, pulls, (page, _) => page, pull => PullShapes.Simple(call.Site, call.Repository, pull)));
    }

    private static async Task<Answer> Create(RepoCall call)
    {
        var (ask, repository) = (call.Call, call.Repository);
        if (ask.Text("head") is not { } head || ask.Text("base") is not { } target || ask.Text("title") is not { Length: > 0 } title)
            return Answer.Invalid("PullRequest", ask.Text("title") is null ? "title" : "head", "missing_field");
        var draft = ask.Flag("draft") ?? false;
        if (draft && !repository.Settings.AllowDrafts) return Answer.Error(422, "Draft pull requests are not supported in this repository.");
        if (head.Split(':') is [var owner, var branch])
        {
            if (!owner.Equals(repository.Owner, StringComparison.OrdinalIgnoreCase)) return Answer.Invalid("PullRequest", "head", "invalid");
            head = branch;
        }

        await repository.Pulling.WaitAsync();
        try
        {
            if (await repository.Git.Branch(head) is not { } headSha) return Answer.Invalid("PullRequest", "head", "invalid");
            if (await repository.Git.Branch(target) is not { } baseSha) return Answer.Invalid("PullRequest", "base", "invalid");
            if (repository.Pulls.Any(pull => pull.State == "open" && pull.Head == head && pull.Base == target))
                return Answer.Invalid("PullRequest", null, "custom", $"A pull request already exists for {repository.Owner}:{head}.");
            if (await repository.Git.IsAncestor(headSha, baseSha))
                return Answer.Invalid("PullRequest", null, "custom", $"No commits between {target} and {head}");
            var made = await Pulls.Open(call.Site, repository, head, target, title, ask.Text("body"), draft, call.Token.Login);
            return Answer.Created(PullShapes.Pull(call.Site, repository, made)) with
            {
                Headers = new Dictionary<string, string> { ["Location"] = $"{call.RepoUrl}/pulls/{made.Number}" },
            };
        }
        finally
        {
            repository.Pulling.Release();
        }
    }

    /// <summary>GitHub works <c>mergeable</c> out after the first question: null then, an answer the next time.</summary>
    private static async Task<Answer> Get(RepoCall call)
    {
        if (call.Pull is not { } pull) return Answer.NotFound;
        if (pull.State != "open") return Answer.Ok(PullShapes.Pull(call.Site, call.Repository, pull));
        var tried = await Merging.Try(call.Repository, pull);
        if (pull.Mergeable != tried)
        {
            pull.Mergeable = tried;
            return Answer.Ok(PullShapes.Pull(call.Site, call.Repository, pull));
        }

        pull.MergeCommitSha = tried.MergeSha;
        return Answer.Ok(PullShapes.Pull(call.Site, call.Repository, pull, tried.MergeSha is not null, await Merging.Status(call.Repository, pull)));
    }

    private static async Task<Answer> Update(RepoCall call)
    {
        if (call.Pull is not { } pull) return Answer.NotFound;
        var (ask, site, repository) = (call.Call, call.Site, call.Repository);
        if (ask.Text("base") is { } target && target != pull.Base)
        {
            if (await repository.Git.Branch(target) is not { } sha) return Answer.Invalid("PullRequest", "base", "invalid");
            (pull.Base, pull.BaseSha, pull.Mergeable) = (target, sha, null);
            AutoMerging.Disarm(site, repository, pull);
        }

        var changes = new Dictionary<string, object>();
        if (ask.Text("title") is { } title && title != pull.Title) changes["title"] = new { from = pull.Title };
        if (ask.Text("body") is { } body && body != pull.Body) changes["body"] = new { from = pull.Body ?? "" };
        pull.Title = ask.Text("title") ?? pull.Title;
        if (ask.Field("body") is not null) pull.Body = ask.Text("body");
        pull.UpdatedAt = site.Now;
        switch (ask.Text("state"))
        {
            case "closed" when pull.State == "open":
                Pulls.Close(site, repository, pull);
                break;
            case "open" when pull.State == "closed":
                if (pull.MergedAt is not null) return Answer.Invalid("PullRequest", "state", "invalid", "state cannot be changed. The pull request was merged.");
                if (await repository.Git.Branch(pull.Head) is not { } tip)
                    return Answer.Invalid("PullRequest", "state", "invalid", $"state cannot be changed. The {pull.Head} branch has been deleted.");
                (pull.State, pull.ClosedAt) = ("open", null);
                await Pulls.MoveHead(repository, pull, tip, site.Now);
                await Pulls.Tell(site, repository, pull, "reopened", call.Token.Login);
                break;
            default:
                site.Webhooks.PullRequestChanged(repository, pull, "edited", changes);
                break;
        }

        return Answer.Ok(PullShapes.Pull(site, repository, pull));
    }

    private static async Task<Answer> Merge(RepoCall call)
    {
        if (call.Pull is not { } pull) return Answer.NotFound;
        var ask = call.Call;
        var (status, words) = await Merging.Merge(call.Site, call.Repository, pull, ask.Text("merge_method") ?? "merge", ask.Text("sha"),
            (ask.Text("commit_title"), ask.Text("commit_message")), call.Token.Login);
        return status == 200
            ? Answer.Ok(new { sha = words, merged = true, message = "Pull Request successfully merged" })
            : Answer.Error(status, words);
    }

    private static async Task<Answer> Files(RepoCall call)
    {
        if (call.Pull is not { } pull) return Answer.NotFound;
        var common = await call.Repository.Git.Run("merge-base", pull.BaseSha, pull.HeadSha);
        var files = await CommitShapes.Files(call, common, pull.HeadSha);
        return Answer.Page(call.Call.Http, files, (page, _) => page, file => file.Shape);
    }

    private static async Task<Answer> Review(RepoCall call)
    {
        if (call.Pull is not { } pull) return Answer.NotFound;
        var ask = call.Call;
        var state = ask.Text("event") switch { "APPROVE" => "APPROVED", "REQUEST_CHANGES" => "CHANGES_REQUESTED", "COMMENT" => "COMMENTED", _ => null };
        if (state is null) return Answer.Error(422, "Unprocessable Entity", "Reviews that are not submitted at once aren't here: give an event"); // pending ones
        if (state is not "COMMENTED" && call.Token.Login == pull.Author)
            return Answer.Error(422, "Unprocessable Entity", state is "APPROVED" ? "Can not approve your own pull request" : "Can not request changes on your own pull request");
        return Answer.Ok(PullShapes.Review(call.Site, call.Repository, pull, await Reviews.Add(call.Site, call.Repository, pull, call.Token.Login, state, ask.Text("body") ?? "")));
    }

    private static Task<Answer> RequestReview(RepoCall call)
    {
        if (call.Pull is not { } pull) return Task.FromResult(Answer.NotFound);
        var logins = call.Call.Texts("reviewers");
        if (logins.Contains(pull.Author))
            return Task.FromResult(Answer.Error(422, "Review cannot be requested from pull request author."));
        pull.Reviewers = [.. pull.Reviewers.Union(logins, StringComparer.OrdinalIgnoreCase)];
        return Task.FromResult(Answer.Created(PullShapes.Simple(call.Site, call.Repository, pull)));
    }
}
