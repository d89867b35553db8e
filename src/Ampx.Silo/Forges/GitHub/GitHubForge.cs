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
    GitHubApi api, IGitHubCredential credential, GitHubRemotes remotes, GitHubActions actions, GitHubPullRequests pulls, GitHubMerges merges, GitHubBranches branches, GitHubIssues issues,
    JobLogs logs, IOptions<CiOptions> ci, TimeProvider time) : IForge
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
    public async Task<CiJobs?> CountJobs(RepoRef repo, IReadOnlyList<ListedRun> runs, CiJobs? before, CancellationToken cancel) => await actions.CountJobs(repo, runs, before, cancel);

    /// <inheritdoc/>
    public async Task<CiLook> ReadCi(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        var look = await ReadVerdict(repo, task, cancel);
        return look with { News = await WithPullRequest(repo, task, look.News, cancel) };
    }

    /// <summary>The verdict as it stands with the task's pull request, which a person may have closed or merged meanwhile: one call for each verdict.</summary>
    private async Task<TaskEvent?> WithPullRequest(RepoRef repo, TaskState task, TaskEvent? verdict, CancellationToken cancel)
    {
        if (verdict is not (CiPassed or CiFailed or CiBlocked) || await pulls.Look(repo, task, cancel) is not ({ PullRequest: var seen } gone, var sha)) return verdict;
        if (seen.State is PullRequestState.Merged && sha is not null && sha != task.HeadSha)
            return new CiBlocked(ErrorCodes.PullRequestClosed, $"pull request #{seen.Number} was merged at {sha[..10]}, without {task.HeadSha![..10]}", new CiReport(ErrorCodes.PullRequestClosed, []), seen) { By = "ci" };
        // Merged by a person and green is a good end; anything else on a pull request that is over needs one.
        if (verdict is CiPassed green && seen.State is not PullRequestState.Closed) return green with { PullRequest = seen };
        return seen.State is PullRequestState.Merged or PullRequestState.Closed ? gone : verdict;
    }

    private async Task<CiLook> ReadVerdict(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        var (verdict, context) = await Judge(repo, task, cancel);
        if (verdict is CiVerdict.OwnFault fault)
        {
            string? refused = null;
            foreach (var run in fault.Deciding) refused ??= await actions.Rerun(repo, run, cancel);
            if (refused is null) return new(null, null);
            verdict = CiVerdict.Of(verdict.Judged, context with { MayRerun = false, RerunRefused = refused });
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
        var red = verdict is CiVerdict.Red ? verdict.Deciding : [.. verdict.Judged.Where(run => run.Conclusion is "failure" or "timed_out" or "startup_failure")];
        var failed = new List<FailedJob>();
        foreach (var one in red)
        {
            var run = one.Jobs.Count > 0 || one.Conclusion is "startup_failure" ? one : await actions.WithJobs(repo, one, cancel);
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
    public async Task<PullRequestSeen?> SeePullRequest(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(task);
        var seen = await pulls.See(repo, task, cancel);
        if (seen is { PullRequest.State: PullRequestState.Merged } && task is { Merge.DeleteBranch: true, HeadSha: { } sha }) await branches.Delete(repo, task, sha, cancel);
        return seen;
    }

    /// <inheritdoc/>
    public async Task<string?> WhyBranchGone(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(repo);
        ArgumentNullException.ThrowIfNull(task);
        return await branches.Tip(repo, task.Branch, cancel) is null ? $"branch {task.Branch} was deleted from {repo.Owner}/{repo.Name}" : null;
    }

    /// <inheritdoc/>
    public Task<IssueText> ReadIssue(RepoRef repo, int number, CancellationToken cancel) => issues.Read(repo, number, cancel);

    /// <inheritdoc/>
    public Task<TaskEvent> Merge(RepoRef repo, TaskState task, MergeOrder order, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(order);
        return order.Disarm ? merges.Disarm(repo, task, cancel) : merges.Merge(repo, task, order, cancel);
    }

    /// <summary>From one full listing; jobs and workflow files are only asked for where the verdict depends on them.</summary>
    private async Task<(CiVerdict Verdict, CiContext Context)> Judge(RepoRef repo, TaskState task, CancellationToken cancel)
    {
        var (sha, options) = (task.HeadSha!, ci.Value);
        var context = new CiContext(time.GetUtcNow(), task.CiSince ?? task.UpdatedAt, options.SettleTime, options.StartTimeout, options.Timeout, MayRerun: true);
        var runs = await actions.Runs(repo, sha, cancel);
        if (runs.Count == 0) context = context with { HasWorkflows = await actions.HasWorkflows(repo, sha, cancel) };
        var unclear = CiVerdict.Unclear(runs, context).Select(run => run.Id).ToHashSet();
        var whole = new List<WorkflowRun>();
        foreach (var run in runs) whole.Add(unclear.Contains(run.Id) ? await actions.WithJobs(repo, run, cancel) : run);
        if (whole.Any(run => run.Conclusion is "startup_failure" || (unclear.Contains(run.Id) && run.Conclusion is "failure" && run.Jobs.Count == 0)) && (task.BaseSha ?? task.Base) is { } from)
            context = context with { TouchedWorkflows = await actions.TouchedWorkflows(repo, from, sha, cancel) };
        return (CiVerdict.Of(whole, context), context);
    }

    /// <summary>What decided comes first.</summary>
    private static CiReport Report(string word, CiVerdict verdict) => new(word,
        [.. verdict.Deciding.Concat(verdict.Judged).DistinctBy(run => run.Id).Select(run => new CiRun(run.Id, run.Name, run.Url, run.Conclusion ?? run.Status,
            [.. run.Jobs.Select(job => new CiJob(job.Name, job.Conclusion ?? job.Status, job.Failed ? job.FailedStep?.Name : null, job.Url))]))]);
}
