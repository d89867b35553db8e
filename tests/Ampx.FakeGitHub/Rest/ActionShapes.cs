using Ampx.FakeGitHub.Repositories;
using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Runs and jobs as GitHub writes them; webhooks carry the same.</summary>
internal static class ActionShapes
{
    /// <summary>In the place of the commit's own tree, which nobody looks for here.</summary>
    private const string EmptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    public static object Run(Site site, Repository repository, WorkflowRun run)
    {
        var repo = $"{site.ApiUrl}repos/{repository.FullName}";
        var url = $"{repo}/actions/runs/{run.Id}";
        var actor = Shapes.User(site, run.Actor);
        return new
        {
            id = run.Id,
            name = run.Name,
            node_id = Ids.Node("WFR", run.Id),
            check_suite_id = run.CheckSuiteId,
            check_suite_node_id = Ids.Node("CS", run.CheckSuiteId),
            head_branch = run.HeadBranch,
            head_sha = run.HeadSha,
            path = run.Path,
            display_title = run.DisplayTitle,
            run_number = run.RunNumber,
            @event = run.Event,
            status = run.Status,
            conclusion = run.Conclusion,
            workflow_id = run.WorkflowId,
            url,
            html_url = $"{site.WebUrl}{repository.FullName}/actions/runs/{run.Id}",
            pull_requests = run.Pull is { } pull
                ? [Pull(site, repository, pull, run.HeadSha)]
                : Array.Empty<object>(),
            created_at = Shapes.Time(run.CreatedAt),
            updated_at = Shapes.Time(run.UpdatedAt),
            run_started_at = Shapes.Time(run.RunStartedAt),
            actor,
            triggering_actor = actor,
            run_attempt = run.RunAttempt,
            referenced_workflows = Array.Empty<object>(),
            jobs_url = $"{url}/jobs",
            logs_url = $"{url}/logs",
            check_suite_url = $"{repo}/check-suites/{run.CheckSuiteId}",
            artifacts_url = $"{url}/artifacts",
            cancel_url = $"{url}/cancel",
            rerun_url = $"{url}/rerun",
            previous_attempt_url = run.RunAttempt > 1 ? $"{url}/attempts/{run.RunAttempt - 1}" : null,
            workflow_url = $"{repo}/actions/workflows/{run.WorkflowId}",
            head_commit = HeadCommit(run),
            repository = Shapes.MinimalRepository(site, repository),
            head_repository = Shapes.MinimalRepository(site, repository),
        };
    }

    /// <summary>The commit that a run is about, in few words.</summary>
    public static object HeadCommit(WorkflowRun run) => new
    {
        id = run.HeadSha,
        tree_id = EmptyTree,
        message = run.DisplayTitle,
        timestamp = Shapes.Time(run.CreatedAt),
        author = new { name = run.Actor, email = $"{run.Actor.Replace("[bot]", "", StringComparison.Ordinal)}@users.noreply.github.com" },
        committer = new { name = "GitHub", email = "noreply@github.com" },
    };

    /// <summary>A workflow's file.</summary>
    public static object Workflow(Site site, Repository repository, long id, string name, string path)
    {
        var html = site.WebUrl + repository.FullName;
        return new
        {
            id,
            node_id = Ids.Node("W", id),
            name,
            path,
            state = "active",
            created_at = Shapes.Time(repository.CreatedAt),
            updated_at = Shapes.Time(repository.CreatedAt),
            url = $"{site.ApiUrl}repos/{repository.FullName}/actions/workflows/{id}",
            html_url = $"{html}/blob/{repository.Settings.DefaultBranch}/{path}",
            badge_url = $"{html}/workflows/{Uri.EscapeDataString(name)}/badge.svg",
        };
    }

    /// <summary>The App that makes Actions' check runs.</summary>
    public static object App(Site site) => new
    {
        id = 15368,
        slug = "github-actions",
        node_id = Ids.Node("A", 15368),
        owner = Shapes.User(site, "github"),
        name = "GitHub Actions",
        description = "Automate your workflow from idea to production",
        external_url = "https://help.github.com/en/actions",
        html_url = site.WebUrl + "apps/github-actions",
        created_at = "2018-07-30T09:30:17Z",
        updated_at = "2024-04-10T20:33:16Z",
        permissions = new { actions = "write", checks = "write", contents = "read" },
        events = Array.Empty<string>(),
    };

    /// <summary>A pull request inside of a run or a check.</summary>
    public static object Pull(Site site, Repository repository, PullRequest pull, string headSha)
    {
        var url = $"{site.ApiUrl}repos/{repository.FullName}";
        var repo = new { id = repository.Id, url, name = repository.Name };
        return new
        {
            id = pull.Id,
            number = pull.Number,
            url = $"{url}/pulls/{pull.Number}",
            head = new { @ref = pull.Head, sha = headSha, repo },
            @base = new { @ref = pull.Base, sha = pull.BaseSha, repo },
        };
    }

    public static object Annotation(string repositoryUrl, WorkflowRun run, string words) => new
    {
        path = ".github",
        blob_href = $"{repositoryUrl}/blob/{run.HeadSha}/.github",
        start_line = 1,
        start_column = (int?)null,
        end_line = 1,
        end_column = (int?)null,
        annotation_level = "failure",
        title = "",
        message = words,
        raw_details = "",
    };

    public static object Job(Site site, Repository repository, WorkflowRun run, Job job)
    {
        var repo = $"{site.ApiUrl}repos/{repository.FullName}";
        return new
        {
            id = job.Id,
            run_id = run.Id,
            workflow_name = run.Name,
            head_branch = run.HeadBranch,
            run_url = $"{repo}/actions/runs/{run.Id}",
            run_attempt = job.Attempt,
            node_id = Ids.Node("CR", job.Id),
            head_sha = run.HeadSha,
            url = $"{repo}/actions/jobs/{job.Id}",
            html_url = $"{site.WebUrl}{repository.FullName}/actions/runs/{run.Id}/job/{job.Id}",
            status = job.Status,
            conclusion = job.Conclusion,
            created_at = Shapes.Time(job.CreatedAt),
            started_at = Shapes.Time(job.StartedAt == default ? job.CreatedAt : job.StartedAt),
            completed_at = Shapes.Time(job.CompletedAt),
            name = job.Name,
            steps = job.Steps.Select(step => new
            {
                name = step.Name,
                status = step.Status,
                conclusion = step.Conclusion,
                number = step.Number,
                started_at = Shapes.Time(step.StartedAt),
                completed_at = Shapes.Time(step.CompletedAt),
            }).ToArray(),
            check_run_url = $"{repo}/check-runs/{job.Id}",
            labels = new[] { "ubuntu-latest" },
            runner_id = job.RunnerName is null ? (int?)null : 1,
            runner_name = job.RunnerName,
            runner_group_id = job.RunnerName is null ? (int?)null : 0,
            runner_group_name = job.RunnerName is null ? null : "GitHub Actions",
        };
    }
}
