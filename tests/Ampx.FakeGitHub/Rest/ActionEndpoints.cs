using System.Globalization;
using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Actions: runs, jobs, logs, reruns.</summary>
internal static class ActionEndpoints
{
    public static void MapActions(this WebApplication app, Site site)
    {
        app.OnRepo(site, "GET", "actions/workflows", "actions=read", Workflows);
        app.OnRepo(site, "GET", "actions/runs", "actions=read", Runs);
        app.OnRepo(site, "GET", "actions/runs/{id:long}", "actions=read", call => OnRun(call, run => Answer.Ok(ActionShapes.Run(site, call.Repository, run))));
        app.OnRepo(site, "GET", "actions/runs/{id:long}/jobs", "actions=read", call => OnRun(call, run => Jobs(call, run, call.Call.Query("filter") != "all")));
        app.OnRepo(site, "GET", "actions/runs/{id:long}/attempts/{attempt:int}/jobs", "actions=read", call => OnRun(call,
            run => Jobs(call, [.. run.Jobs.Where(job => job.Attempt == call.Call.Number("attempt"))], run)));
        app.OnRepo(site, "POST", "actions/runs/{id:long}/rerun", "actions=write", call => OnRun(call, run => Rerun(call, run, failedOnly: false)));
        app.OnRepo(site, "POST", "actions/runs/{id:long}/rerun-failed-jobs", "actions=write", call => OnRun(call, run => Rerun(call, run, failedOnly: true)));
        app.OnRepo(site, "POST", "actions/runs/{id:long}/cancel", "actions=write", call => OnRun(call, run =>
        {
            if (run.Status == "completed") return Answer.Error(409, "Cannot cancel a workflow run that is completed.");
            site.Actions.Cancel(call.Repository, run);
            return new(202, new { });
        }));
        app.OnRepo(site, "GET", "actions/jobs/{id:long}", "actions=read", call => Task.FromResult(Find(call) is { } found
            ? Answer.Ok(ActionShapes.Job(site, call.Repository, found.Run, found.Job))
            : Answer.NotFound));
        app.OnRepo(site, "GET", "actions/jobs/{id:long}/logs", "actions=read", call => Task.FromResult(Logs(call)));
        app.OnRepo(site, "GET", "check-runs/{id:long}/annotations", "checks=read", call => Task.FromResult(Find(call) is { } found
            ? Answer.Ok(found.Job.Annotations.Select(words => ActionShapes.Annotation(call.HtmlUrl, found.Run, words)).ToArray())
            : Answer.NotFound));
    }

    private static async Task<Answer> Workflows(RepoCall call)
    {
        var tip = await call.Repository.Git.Branch(call.Repository.Settings.DefaultBranch);
        var paths = tip is null ? [] : await call.Repository.Git.Files(tip, ".github/workflows/");
        var all = paths.Where(path => path.EndsWith(".yml", StringComparison.Ordinal) || path.EndsWith(".yaml", StringComparison.Ordinal)).ToList();
        return Answer.Page(call.Call.Http, all, (page, total) => new { total_count = total, workflows = page }, path =>
        {
            var id = call.Repository.WorkflowIds.GetOrAdd(path, _ => Ids.Next());
            return ActionShapes.Workflow(call.Site, call.Repository, id, Path.GetFileNameWithoutExtension(path), path);
        });
    }

    private static Task<Answer> Runs(RepoCall call)
    {
        var ask = call.Call;
        var status = ask.Query("status");
        var (after, before) = Created(ask.Query("created"));
        var runs = call.Repository.Runs.Where(run =>
                (ask.Query("head_sha") is not { } sha || run.HeadSha == sha) &&
                (ask.Query("branch") is not { } branch || run.HeadBranch == branch) &&
                (ask.Query("event") is not { } happened || run.Event == happened) &&
                (ask.Query("actor") is not { } actor || run.Actor == actor) &&
                (status is null || run.Status == status || run.Conclusion == status) &&
                run.CreatedAt >= after && run.CreatedAt <= before)
            .Reverse().ToList();
        // A filtered listing counts all it finds and shows 1,000.
        return Task.FromResult(Answer.Page(ask.Http, [.. runs.Take(1000)], (page, _) => new { total_count = runs.Count, workflow_runs = page },
            run => ActionShapes.Run(call.Site, call.Repository, run)));
    }

    /// <summary>GitHub's date filter: <c>&gt;=T</c>, <c>&gt;T</c>, <c>&lt;=T</c>, <c>A..B</c>, or a day. To the second, as its times are.</summary>
    private static (DateTimeOffset After, DateTimeOffset Before) Created(string? filter)
    {
        var (min, max) = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue);
        if (filter is null) return (min, max);
        if (filter.Split("..") is [var from, var to]) return (from == "*" ? min : At(from), to == "*" ? max : At(to).AddSeconds(1));
        var at = At(filter.TrimStart('>', '<', '='));
        if (filter.StartsWith('>')) return (filter.StartsWith(">=", StringComparison.Ordinal) ? at : at.AddSeconds(1), max);
        if (filter.StartsWith('<')) return (min, filter.StartsWith("<=", StringComparison.Ordinal) ? at.AddSeconds(1) : at);
        return (at, at.AddDays(1));

        static DateTimeOffset At(string text) =>
            DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : DateTimeOffset.MinValue;
    }

    private static Task<Answer> OnRun(RepoCall call, Func<WorkflowRun, Answer> handle)
    {
        var id = call.Call.Number("id");
        return Task.FromResult(call.Repository.Runs.Find(run => run.Id == id) is { } run ? handle(run) : Answer.NotFound);
    }

    private static Answer Jobs(RepoCall call, WorkflowRun run, bool latestOnly) => Jobs(call, latestOnly ? [.. run.LatestJobs] : [.. run.Jobs], run);

    private static Answer Jobs(RepoCall call, List<Job> jobs, WorkflowRun run) =>
        Answer.Page(call.Call.Http, jobs, (page, total) => new { total_count = total, jobs = page }, job => ActionShapes.Job(call.Site, call.Repository, run, job));

    private static Answer Rerun(RepoCall call, WorkflowRun run, bool failedOnly)
    {
        if (run.Status != "completed") return Answer.Error(403, "This workflow is already running");
        call.Site.Actions.Rerun(call.Repository, run, failedOnly);
        return Answer.Created(new { });
    }

    private static (WorkflowRun Run, Job Job)? Find(RepoCall call)
    {
        var id = call.Call.Number("id");
        return call.Repository.Runs.SelectMany(run => run.Jobs.Select(job => ((WorkflowRun, Job)?)(run, job))).FirstOrDefault(entry => entry!.Value.Item2.Id == id);
    }

    private static Answer Logs(RepoCall call)
    {
        if (Find(call)?.Job is not { } job) return Answer.NotFound;
        if (job.LogExpired) return Answer.Error(410, "Gone");
        if (job.Status != "completed" || job.Log is null) return Answer.NotFound;
        return new(302) { Headers = new Dictionary<string, string> { ["Location"] = JobLogs.Link(call, job.Id) } };
    }
}
