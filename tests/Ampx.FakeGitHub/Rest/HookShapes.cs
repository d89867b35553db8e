using Ampx.FakeGitHub.Repositories;
using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub.Rest;

/// <summary>What deliveries carry.</summary>
internal static class HookShapes
{
    private const char Unit = '\u001f';
    private const char Record = '\u001e';

    public static async Task<object> Push(Site site, Repository repository, Push push)
    {
        var (created, deleted) = (push.Old == BareGit.Zero, push.New == BareGit.Zero);
        var commits = deleted ? [] : await Commits(site, repository, created ? [push.New, "--max-count=1"] : [$"{push.Old}..{push.New}", "--max-count=20"]);
        return new
        {
            @ref = push.Ref,
            before = push.Old,
            after = push.New,
            base_ref = (string?)null,
            created,
            deleted,
            forced = !created && !deleted && !await repository.Git.IsAncestor(push.Old, push.New),
            compare = $"{site.WebUrl}{repository.FullName}/compare/{push.Old[..12]}...{push.New[..12]}",
            commits,
            head_commit = commits.LastOrDefault() ?? (deleted ? null : (await Commits(site, repository, [push.New, "--max-count=1"]))[0]),
            // Alone in this event GitHub tells these times as numbers.
            repository = new Dictionary<string, object?>(Shapes.Repository(site, repository, null))
            {
                ["created_at"] = repository.CreatedAt.ToUnixTimeSeconds(),
                ["pushed_at"] = (repository.PushedAt ?? repository.CreatedAt).ToUnixTimeSeconds(),
            },
            pusher = new { name = push.Login },
            sender = Shapes.User(site, push.Login),
        };
    }

    public static object PullRequest(Site site, Repository repository, PullRequest pull, string action, object? changes)
    {
        var payload = new Dictionary<string, object?>
        {
            ["action"] = action,
            ["number"] = pull.Number,
            ["pull_request"] = PullShapes.Pull(site, repository, pull),
            ["repository"] = Shapes.Repository(site, repository, null),
            ["sender"] = Shapes.User(site, pull.Author),
        };
        if (action is "edited") payload["changes"] = changes ?? new { };
        if (action is "auto_merge_disabled") payload["reason"] = "Auto-merge was disabled";
        if (action is "synchronize") (payload["before"], payload["after"]) = (pull.FormerHeadSha, pull.HeadSha);
        return payload;
    }

    public static object Run(Site site, Repository repository, WorkflowRun run, string action) => new
    {
        action,
        workflow_run = ActionShapes.Run(site, repository, run),
        workflow = ActionShapes.Workflow(site, repository, run.WorkflowId, run.Name, run.Path),
        repository = Shapes.Repository(site, repository, null),
        sender = Shapes.User(site, run.Actor),
    };

    /// <summary>A job, as the check run that it is.</summary>
    public static object CheckRun(Site site, Repository repository, WorkflowRun run, Job job, string action)
    {
        var ended = action == "completed"; // a job may have ended before it is told that it was made
        var (api, page) = ($"{site.ApiUrl}repos/{repository.FullName}", $"{site.WebUrl}{repository.FullName}/actions/runs/{run.Id}/job/{job.Id}");
        return new
        {
            action,
            check_run = new
            {
                id = job.Id,
                node_id = Ids.Node("CR", job.Id),
                name = job.Name,
                head_sha = run.HeadSha,
                external_id = $"{job.Id}",
                url = $"{api}/check-runs/{job.Id}",
                html_url = page,
                details_url = page,
                status = ended ? "completed" : "queued",
                conclusion = ended ? job.Conclusion : null,
                started_at = Shapes.Time(job.StartedAt == default ? job.CreatedAt : job.StartedAt),
                completed_at = ended ? Shapes.Time(job.CompletedAt) : null,
                output = new { title = (string?)null, summary = (string?)null, text = (string?)null, annotations_count = 0, annotations_url = $"{api}/check-runs/{job.Id}/annotations" },
                check_suite = Suite(site, repository, run),
                app = ActionShapes.App(site),
                pull_requests = Array.Empty<object>(),
            },
            repository = Shapes.Repository(site, repository, null),
            sender = Shapes.User(site, run.Actor),
        };
    }

    /// <summary>The check suite around a run that has ended.</summary>
    public static object CheckSuite(Site site, Repository repository, WorkflowRun run)
    {
        var suite = Suite(site, repository, run);
        suite["rerequestable"] = true;
        suite["runs_rerequestable"] = false;
        suite["latest_check_runs_count"] = run.LatestJobs.Count;
        suite["check_runs_url"] = $"{suite["url"]}/check-runs";
        suite["head_commit"] = ActionShapes.HeadCommit(run);
        return new
        {
            action = "completed",
            check_suite = suite,
            repository = Shapes.Repository(site, repository, null),
            sender = Shapes.User(site, run.Actor),
        };
    }

    private static Dictionary<string, object?> Suite(Site site, Repository repository, WorkflowRun run) => new()
    {
        ["id"] = run.CheckSuiteId,
        ["node_id"] = Ids.Node("CS", run.CheckSuiteId),
        ["head_branch"] = run.HeadBranch,
        ["head_sha"] = run.HeadSha,
        ["status"] = run.Status,
        ["conclusion"] = run.Conclusion,
        ["url"] = $"{site.ApiUrl}repos/{repository.FullName}/check-suites/{run.CheckSuiteId}",
        ["before"] = BareGit.Zero,
        ["after"] = run.HeadSha,
        ["pull_requests"] = Array.Empty<object>(),
        ["app"] = ActionShapes.App(site),
        ["created_at"] = Shapes.Time(run.CreatedAt),
        ["updated_at"] = Shapes.Time(run.UpdatedAt),
    };

    private static async Task<List<object>> Commits(Site site, Repository repository, string[] range)
    {
        var format = $"--format={Record}%H{Unit}%T{Unit}%an{Unit}%ae{Unit}%cn{Unit}%ce{Unit}%cI{Unit}%B{Unit}";
        var log = await repository.Git.Run(["log", "--reverse", "--no-renames", "--name-status", format, .. range]);
        return [.. log.Split(Record, StringSplitOptions.RemoveEmptyEntries).Select(text =>
        {
            var f = text.Split(Unit);
            var files = f[8].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('\t')).ToLookup(parts => parts[0], parts => parts[^1]);
            return (object)new
            {
                id = f[0],
                tree_id = f[1],
                distinct = true,
                message = f[7].TrimEnd('\n'),
                timestamp = f[6],
                url = $"{site.WebUrl}{repository.FullName}/commit/{f[0]}",
                author = new { name = f[2], email = f[3] },
                committer = new { name = f[4], email = f[5] },
                added = files["A"].ToArray(),
                removed = files["D"].ToArray(),
                modified = files["M"].ToArray(),
            };
        })];
    }
}
