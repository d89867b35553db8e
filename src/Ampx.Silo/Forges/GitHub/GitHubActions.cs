using System.Collections.Concurrent;
using System.Net;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>What GitHub Actions says of a commit, in Ampx's own records.</summary>
public sealed class GitHubActions(GitHubApi api, TimeProvider time)
{
    /// <summary>GitHub shows at most 1,000 results of one listing.</summary>
    private const int MostPages = 10;

    /// <summary>A cancelled matrix may have hundreds of jobs, all for the same reason.</summary>
    private const int MostReasons = 5;
    private static readonly TimeSpan RerunShows = TimeSpan.FromMinutes(1);
    private readonly RunListings _listings = new(api);
    private readonly JobCounts _jobs = new(api);
    private readonly ConcurrentDictionary<(string Repo, string Commit), IReadOnlyDictionary<string, string>> _workflows = new();
    private readonly ConcurrentDictionary<long, DateTimeOffset> _rerun = new();

    /// <inheritdoc cref="IForge.ListCi"/>
    public Task<CiListing> List(RepoRef repo, CiScope scope, CiListing? before, CancellationToken cancel) => _listings.List(repo, scope, before, cancel);

    /// <inheritdoc cref="IForge.CountJobs"/>
    public Task<CiJobs> CountJobs(RepoRef repo, IReadOnlyList<ListedRun> runs, CiJobs? before, CancellationToken cancel) => _jobs.Count(repo, runs, before, cancel);

    /// <summary>All runs of <paramref name="sha"/>, every page, without their jobs.</summary>
    public async Task<IReadOnlyList<WorkflowRun>> Runs(RepoRef repo, string sha, CancellationToken cancel)
    {
        var found = await Pages(async page =>
        {
            var answer = await api.Ask(repo, "read CI", client => client.Actions.Workflows.Runs.List(repo.Owner, repo.Name, new Octokit.WorkflowRunsRequest { HeadSha = sha }, page), cancel);
            return (answer.WorkflowRuns, answer.TotalCount);
        });
        return [.. found.Where(run => run.HeadSha == sha).DistinctBy(run => run.Id).Select(Ours)];
    }

    /// <summary><paramref name="run"/> with the jobs of its latest attempt.</summary>
    public async Task<WorkflowRun> WithJobs(RepoRef repo, WorkflowRun run, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(run);
        var wish = new Octokit.WorkflowRunJobsRequest { Filter = Octokit.WorkflowRunJobsFilter.Latest };
        var found = await Pages(async page =>
        {
            var answer = await api.Ask(repo, "read CI's jobs", client => client.Actions.Workflows.Jobs.List(repo.Owner, repo.Name, run.Id, wish, page), cancel);
            return (answer.Jobs, answer.TotalCount);
        });
        var jobs = found.DistinctBy(job => job.Id).Select(Ours).ToList();
        // First those that were cut off at work: the others may only have been stopped with them.
        foreach (var unclear in jobs.Where(job => job.IsUnclear).OrderByDescending(job => job.FailedStep is not null).Take(MostReasons).ToList())
            jobs[jobs.IndexOf(unclear)] = unclear with { Said = await Said(repo, unclear, cancel) };

        return run with { Jobs = jobs };
    }

    /// <summary>Why a job ended, in GitHub's words: its annotations, which need checks:read. Without that, none.</summary>
    private async Task<IReadOnlyList<string>> Said(RepoRef repo, WorkflowJob job, CancellationToken cancel)
    {
        try
        {
            var notes = await api.Ask(repo, "read a job's annotations", client => client.Check.Run.GetAllAnnotations(
                repo.Owner, repo.Name, job.Id, new Octokit.ApiOptions { PageSize = 50, PageCount = 1 }), cancel);
            return [.. notes.Where(note => note.AnnotationLevel is { StringValue: "failure" }).Select(note => note.Message).Where(words => !string.IsNullOrWhiteSpace(words))];
        }
        catch (ForgeException no) when (no.Code is ErrorCodes.GitHubForbidden or ErrorCodes.GitHubNotFound)
        {
            return [];
        }
    }

    /// <summary>The commit has a workflow file. Unknown counts as yes: waiting is the smaller mistake.</summary>
    public async Task<bool> HasWorkflows(RepoRef repo, string sha, CancellationToken cancel) => (await WorkflowFiles(repo, sha, cancel)) is not { Count: 0 };

    /// <summary>The task added, changed or removed a workflow file.</summary>
    public async Task<bool> TouchedWorkflows(RepoRef repo, string baseCommit, string sha, CancellationToken cancel)
    {
        var before = await WorkflowFiles(repo, await ForkPoint(repo, baseCommit, sha, cancel), cancel);
        var after = await WorkflowFiles(repo, sha, cancel);
        return before is not null && after is not null
            && (before.Count != after.Count || after.Any(file => !before.TryGetValue(file.Key, out var blob) || blob != file.Value));
    }

    /// <summary>Where the branch left its base, which has moved on since: what others changed there isn't the task's.</summary>
    private async Task<string> ForkPoint(RepoRef repo, string baseCommit, string sha, CancellationToken cancel)
    {
        try
        {
            return (await api.Ask(repo, "compare the branch", client => client.Repository.Commit.Compare(repo.Owner, repo.Name, baseCommit, sha), cancel)).MergeBaseCommit?.Sha ?? baseCommit;
        }
        catch (ForgeException none) when (none.Is(HttpStatusCode.NotFound))
        {
            return baseCommit;
        }
    }

    /// <summary>Has GitHub run again what failed by CI's own fault.</summary>
    /// <returns>Why it can't be; null if it runs again.</returns>
    public async Task<string?> Rerun(RepoRef repo, WorkflowRun run, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(run);
        var now = time.GetUtcNow();
        // GitHub may still show the old attempt for a moment.
        if (_rerun.TryGetValue(run.Id, out var asked) && now - asked < RerunShows) return null;
        try
        {
            await api.Ask(repo, "run CI again", client => run.Jobs.Any(job => job.Failed)
                ? client.Actions.Workflows.Runs.RerunFailedJobs(repo.Owner, repo.Name, run.Id)
                : client.Actions.Workflows.Runs.Rerun(repo.Owner, repo.Name, run.Id), cancel);
        }
        catch (ForgeException no) when (no.Code is ErrorCodes.GitHubForbidden or ErrorCodes.GitHubNotFound)
        {
            if (!no.Message.Contains("already running", StringComparison.OrdinalIgnoreCase)) return no.Message;
        }

        Trim(_rerun);
        _rerun[run.Id] = now;
        return null;
    }

    /// <summary>Whether the credential may read Actions at all.</summary>
    public Task MayRead(RepoRef repo, CancellationToken cancel) =>
        api.Ask(repo, "read CI", client => client.Actions.Workflows.Runs.List(
            repo.Owner, repo.Name, new Octokit.WorkflowRunsRequest(), new Octokit.ApiOptions { PageSize = 1, PageCount = 1 }), cancel);

    /// <summary>Path and blob of each workflow file at <paramref name="commit"/>; null if GitHub doesn't know the commit (yet).</summary>
    private async Task<IReadOnlyDictionary<string, string>?> WorkflowFiles(RepoRef repo, string commit, CancellationToken cancel)
    {
        var key = (repo.Key, commit);
        if (_workflows.TryGetValue(key, out var known)) return known;
        Dictionary<string, string> found;
        try
        {
            var files = await api.Ask(repo, "read the workflow files", client => client.Repository.Content.GetAllContentsByRef(repo.Owner, repo.Name, Workflows.Folder, commit), cancel);
            found = files.Where(file => file.Type.Value is Octokit.ContentType.File && Workflows.IsWorkflow(file.Path)).ToDictionary(file => file.Path, file => file.Sha);
        }
        catch (ForgeException none) when (none.Is(HttpStatusCode.NotFound))
        {
            if (!await Knows(repo, commit, cancel)) return null;
            found = [];
        }

        Trim(_workflows);
        // A branch's name moves, a commit doesn't.
        if (commit.Length >= 40) _workflows[key] = found;
        return found;
    }

    /// <summary>No such folder, or no such commit: the answer is 404 for both.</summary>
    private async Task<bool> Knows(RepoRef repo, string commit, CancellationToken cancel)
    {
        try
        {
            await api.Ask(repo, "read the commit's files", client => client.Repository.Content.GetAllContentsByRef(repo.Owner, repo.Name, commit), cancel);
            return true;
        }
        catch (ForgeException none) when (none.Is(HttpStatusCode.NotFound))
        {
            return false;
        }
    }

    /// <summary>Every page. What moves from one page to the next meanwhile comes twice, so ids are made distinct by the caller.</summary>
    private static async Task<List<T>> Pages<T>(Func<Octokit.ApiOptions, Task<(IReadOnlyList<T> Part, int Total)>> read)
    {
        var all = new List<T>();
        for (var page = 1; page <= MostPages; page++)
        {
            var (part, total) = await read(new Octokit.ApiOptions { PageSize = 100, PageCount = 1, StartPage = page });
            all.AddRange(part);
            if (part.Count == 0 || all.Count >= total) break;
        }

        return all;
    }

    private static void Trim<TKey, TValue>(ConcurrentDictionary<TKey, TValue> cache) where TKey : notnull
    {
        if (cache.Count > 10_000) cache.Clear();
    }

    private static WorkflowRun Ours(Octokit.WorkflowRun run) => new(
        run.Id, run.WorkflowId, string.IsNullOrEmpty(run.Name) ? run.Path ?? $"workflow {run.WorkflowId}" : run.Name, run.Event ?? "", run.Status.StringValue ?? "", run.Conclusion?.StringValue,
        (int)Math.Max(run.RunAttempt, 1), run.CreatedAt, run.HtmlUrl, [])
    { Path = run.Path };

    private static WorkflowJob Ours(Octokit.WorkflowJob job) => new(
        job.Id, job.Name, job.Status.StringValue ?? "", job.Conclusion?.StringValue, job.RunnerId is > 0 || !string.IsNullOrEmpty(job.RunnerName), job.HtmlUrl,
        [.. (job.Steps ?? []).Select(step => new WorkflowStep(step.Number, step.Name ?? "", step.Status.StringValue ?? "", step.Conclusion?.StringValue, step.StartedAt, step.CompletedAt))]);
}
