using System.Collections.Immutable;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges.GitHub.Credentials;
using Ampx.Silo.Git;
using Microsoft.Extensions.Options;
using PullRequest = Ampx.Core.Tasks.PullRequest;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>GitHub, or an Enterprise server: CI is GitHub Actions.</summary>
public sealed class GitHubForge(
    GitHubApi api, IGitHubCredential credential, GitHubRemotes remotes, GitHubActions actions, GitHubPullRequests pulls, JobLogs logs, IOptions<CiOptions> ci, TimeProvider time) : IForge
{
    /// <summary>Logs that are read for one feedback; more failed jobs are only named.</summary>
    private const int LogsRead = 8;

    /// <inheritdoc/>
    public Task<GitRemote> Remote(RepoRef repo, CancellationToken cancel) => remotes.Of(repo, cancel);

    /// <inheritdoc/>
    public Task<GitRemote> RemoteForPush(RepoRef repo, CancellationToken cancel) => remotes.ForPush(repo, cancel);

    /// <inheritdoc/>
    public string? CompareUrl(RepoRef repo, string baseBranch, string branch)
    {
        ArgumentNullException.ThrowIfNull(repo);
        return new Uri(api.Options.Web, $"{repo.Owner}/{repo.Name}/compare/{Escaped(baseBranch)}...{Escaped(branch)}").AbsoluteUri;

        static string Escaped(string name) => string.Join('/', name.Split('/').Select(Uri.EscapeDataString));
    }

    /// <inheritdoc/>
    public Task<CiListing> ListCi(RepoRef repo, CiScope scope, CiListing? before, CancellationToken cancel) => actions.List(repo, scope, before, cancel);

    /// <inheritdoc/>
    public async Task<CiLook> ReadCi(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        var (verdict, context) = await Judge(repo, task, cancel);
        if (verdict is CiVerdict.OwnFault fault)
        {
            string? refused = null;
            foreach (var run in fault.Runs) refused ??= await actions.Rerun(repo, run, cancel);
            if (refused is null) return new(null, null);
            verdict = CiVerdict.Of(verdict.Judged, context with { MayRerun = false });
        }

        return new(verdict switch
        {
            CiVerdict.Wait { Show: { } show } => task.CiRunId is null ? new CiStarted(show.Id, show.Url) { By = "ci" } : null,
            CiVerdict.Green => new CiPassed(Report("green", verdict)) { By = "ci" },
            CiVerdict.Red => new CiFailed(Report("red", verdict)) { By = "ci" },
            CiVerdict.Stopped stopped => new CiBlocked(stopped.Code, stopped.Detail, Report(stopped.Code, verdict)) { By = "ci" },
            _ => null,
        }, (verdict as CiVerdict.Wait)?.Until);
    }

    /// <inheritdoc/>
    public async Task<FeedbackCollected> CollectFeedback(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        var (verdict, _) = await Judge(repo, task, cancel);
        // Somebody may have run it again meanwhile: what failed is told as far as it still can be.
        var red = verdict is CiVerdict.Red { Failed: var those } ? those : [.. verdict.Judged.Where(run => run.Conclusion is "failure" or "timed_out" or "startup_failure")];
        var failed = new List<FailedJob>();
        foreach (var run in red)
        {
            var jobs = run.Jobs.Where(job => job.Failed).OrderBy(job => job.DiedOutside).ToList();
            if (jobs.Count == 0) failed.Add(new(run.Name, "not started", null, run.Url, null, NotStarted(run)));
            foreach (var job in jobs)
            {
                var (excerpt, note) = failed.Count < LogsRead ? await logs.Read(repo, job, ci.Value.FeedbackBudget, cancel) : (null, null);
                failed.Add(new(run.Name, job.Name, job.FailedStep?.Name, job.Url, excerpt, note));
            }
        }

        var redaction = new Redaction(credential.Secrets);
        return new(
            failed.Count > 0 ? CiFeedback.Compose(failed, ci.Value.FeedbackBudget, redaction) : $"CI was red on {task.HeadSha}, but GitHub doesn't show a failed job any more: {task.CiUrl}\n",
            CiFeedback.Cause(failed, redaction))
        { By = "ci" };

        static string NotStarted(WorkflowRun run) =>
            $"GitHub could not start this workflow{(run.Path is { } path ? $": check that {path} is a valid workflow file" : "")}. No job ran, so there is no log.";
    }

    /// <inheritdoc/>
    public Task<PullRequest> OpenPullRequest(RepoRef repo, TaskState task, bool draft, CancellationToken cancel) => pulls.Open(repo, task, draft, cancel);

    /// <inheritdoc/>
    public Task<TaskEvent> Merge(RepoRef repo, TaskState task, MergeOrder order, CancellationToken cancel) => pulls.Merge(repo, task, order, cancel);

    /// <summary>From one full listing; jobs and workflow files are only asked for where the verdict depends on them.</summary>
    private async Task<(CiVerdict Verdict, CiContext Context)> Judge(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        var (sha, options) = (task.HeadSha!, ci.Value);
        var context = new CiContext(time.GetUtcNow(), task.CiSince ?? task.UpdatedAt, options.SettleTime, options.StartTimeout, options.Timeout, MayRerun: true);
        var runs = await actions.Runs(repo, sha, cancel);
        if (runs.Count == 0) return (CiVerdict.Of(runs, context = context with { HasWorkflows = await actions.HasWorkflows(repo, sha, cancel) }), context);
        if (CiVerdict.Of(runs, context) is CiVerdict.Wait or CiVerdict.Stopped { Code: ErrorCodes.CiTimeout } or CiVerdict.Green) return (CiVerdict.Of(runs, context), context);

        var whole = new List<WorkflowRun>();
        foreach (var run in runs) whole.Add(CiVerdict.NeedsJobs(run) ? await actions.WithJobs(repo, run, cancel) : run);
        if (whole.Any(run => run.Conclusion is "startup_failure" || (run.Conclusion is "failure" && run.Jobs.Count == 0)) && (task.BaseSha ?? task.Base) is { } from)
            context = context with { TouchedWorkflows = await actions.TouchedWorkflows(repo, from, sha, cancel) };
        return (CiVerdict.Of(whole, context), context);
    }

    private static CiReport Report(string word, CiVerdict verdict) => new(word,
        [.. verdict.Judged.Select(run => new CiRun(run.Id, run.Name, run.Url, run.Conclusion ?? run.Status,
            [.. run.Jobs.Select(job => new CiJob(job.Name, job.Conclusion ?? job.Status, job.Failed ? job.FailedStep?.Name : null, job.Url))]))]);
}
