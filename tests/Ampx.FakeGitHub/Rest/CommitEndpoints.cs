namespace Ampx.FakeGitHub.Rest;

/// <summary>Commits, comparisons, checks of a commit.</summary>
internal static class CommitEndpoints
{
    public static void MapCommits(this WebApplication app, Site site)
    {
        app.OnRepo(site, "GET", "commits", "contents=read", List);
        app.OnRepo(site, "GET", "commits/{sha}", "contents=read", Get);
        app.OnRepo(site, "GET", "commits/{sha}/check-runs", "checks=read", CheckRuns);
        app.OnRepo(site, "GET", "commits/{sha}/status", "contents=read", Status);
        app.OnRepo(site, "GET", "compare/{**range}", "contents=read", Compare);
    }

    private static Answer NoCommit(string sha) => Answer.Error(422, $"No commit found for SHA: {sha}");

    private static async Task<Answer> List(RepoCall call)
    {
        var from = call.Call.Query("sha") ?? call.Repository.Settings.DefaultBranch;
        if (await call.Repository.Git.Resolve(from) is not { } tip) return Answer.Error(409, "Git Repository is empty.");
        var shas = (await call.Repository.Git.Run("rev-list", "--max-count=100", tip)).Split('\n');
        var commits = new List<object>();
        foreach (var sha in shas) commits.Add(await CommitShapes.Commit(call, sha));
        return Answer.Page(call.Call.Http, commits, (page, _) => page, commit => commit);
    }

    private static async Task<Answer> Get(RepoCall call)
    {
        var name = call.Call.Route("sha");
        return await call.Repository.Git.Resolve(name) is { } sha ? Answer.Ok(await CommitShapes.Commit(call, sha, withFiles: true)) : NoCommit(name);
    }

    private static async Task<Answer> CheckRuns(RepoCall call)
    {
        if (await call.Repository.Git.Resolve(call.Call.Route("sha")) is not { } sha) return NoCommit(call.Call.Route("sha"));
        var jobs = call.Repository.Runs.Where(run => run.HeadSha == sha).SelectMany(run => run.LatestJobs.Select(job => (run, job))).ToList();
        return Answer.Page(call.Call.Http, jobs, (page, total) => new { total_count = total, check_runs = page }, entry => new
        {
            id = entry.job.Id,
            node_id = Ids.Node("CR", entry.job.Id),
            head_sha = sha,
            external_id = $"{entry.job.Id}",
            url = $"{call.RepoUrl}/check-runs/{entry.job.Id}",
            html_url = $"{call.HtmlUrl}/actions/runs/{entry.run.Id}/job/{entry.job.Id}",
            details_url = $"{call.HtmlUrl}/actions/runs/{entry.run.Id}/job/{entry.job.Id}",
            status = entry.job.Status,
            conclusion = entry.job.Conclusion,
            started_at = Shapes.Time(entry.job.StartedAt),
            completed_at = Shapes.Time(entry.job.CompletedAt),
            output = new { title = (string?)null, summary = (string?)null, text = (string?)null, annotations_count = 0, annotations_url = $"{call.RepoUrl}/check-runs/{entry.job.Id}/annotations" },
            name = entry.job.Name,
            check_suite = new { id = entry.run.CheckSuiteId },
            app = ActionShapes.App(call.Site),
            pull_requests = Array.Empty<object>(),
        });
    }

    /// <summary>Actions makes check runs, no statuses: the combined status of a repository without others is always pending.</summary>
    private static async Task<Answer> Status(RepoCall call) =>
        await call.Repository.Git.Resolve(call.Call.Route("sha")) is { } sha
            ? Answer.Ok(new
            {
                state = "pending",
                statuses = Array.Empty<object>(),
                sha,
                total_count = 0,
                repository = Shapes.MinimalRepository(call.Site, call.Repository),
                commit_url = $"{call.RepoUrl}/commits/{sha}",
                url = $"{call.RepoUrl}/commits/{sha}/status",
            })
            : NoCommit(call.Call.Route("sha"));

    private static async Task<Answer> Compare(RepoCall call)
    {
        if (call.Call.Route("range").Split("...") is not [var left, var right]) return Answer.NotFound;
        var git = call.Repository.Git;
        var (from, to) = (await git.Resolve(left), await git.Resolve(right.Split(':')[^1]));
        if (from is null || to is null) return Answer.NotFound;
        var common = (await git.Try("merge-base", from, to)).StandardOutput.Trim();
        if (common.Length == 0) return Answer.Error(404, $"No common ancestor between {left} and {right}.");
        var shas = (await git.Run("rev-list", "--reverse", $"{from}..{to}")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var behind = int.Parse(await git.Run("rev-list", "--count", $"{to}..{from}"), System.Globalization.CultureInfo.InvariantCulture);
        var commits = new List<object>();
        foreach (var sha in shas) commits.Add(await CommitShapes.Commit(call, sha));
        return Answer.Ok(new
        {
            url = $"{call.RepoUrl}/compare/{left}...{right}",
            html_url = $"{call.HtmlUrl}/compare/{left}...{right}",
            permalink_url = $"{call.HtmlUrl}/compare/{left}...{right}",
            diff_url = $"{call.HtmlUrl}/compare/{left}...{right}.diff",
            patch_url = $"{call.HtmlUrl}/compare/{left}...{right}.patch",
            base_commit = await CommitShapes.Commit(call, from),
            merge_base_commit = await CommitShapes.Commit(call, common),
            status = (shas.Length, behind) switch { (0, 0) => "identical", (_, 0) => "ahead", (0, _) => "behind", _ => "diverged" },
            ahead_by = shas.Length,
            behind_by = behind,
            total_commits = shas.Length,
            commits,
            files = (await CommitShapes.Files(call, common, to)).Select(file => file.Shape).ToArray(),
        });
    }
}
