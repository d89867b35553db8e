using System.Collections.Immutable;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Counts the jobs of runs, for people who watch: no verdict depends on it.</summary>
internal sealed class JobCounts(GitHubApi api)
{
    /// <summary>A matrix has at most 256 jobs; a run may have some.</summary>
    private const int MostPages = 10;
    private readonly ChangedPages _pages = new(api);

    /// <inheritdoc cref="IForge.CountJobs"/>
    public async Task<CiJobs> Count(RepoRef repo, IReadOnlyList<ListedRun> runs, CiJobs? before, CancellationToken cancel)
    {
        var counted = ImmutableArray.CreateBuilder<RunJobs>();
        foreach (var run in runs)
        {
            var known = before?.Of(run);
            counted.Add(known is { Ended: true } ? known : new(run.Id, run.RunAttempt, run.Completed, await Read(repo, run, known?.Pages ?? [], cancel)));
        }

        return new(counted.ToImmutable());
    }

    private async Task<ImmutableArray<JobPage>> Read(RepoRef repo, ListedRun run, ImmutableArray<JobPage> known, CancellationToken cancel)
    {
        var pages = ImmutableArray.CreateBuilder<JobPage>();
        while (pages.Count < MostPages)
        {
            var before = pages.Count < known.Length ? known[pages.Count] : null;
            var path = $"actions/runs/{run.Id}/jobs?filter=latest&per_page={ChangedPages.Size}&page={pages.Count + 1}";
            var page = await _pages.Read<Answer>(repo, "count CI's jobs", path, before?.ETag, cancel) is { } read
                ? new JobPage(read.ETag, read.Page.TotalCount, read.Page.Jobs.Count, read.Page.Jobs.Count(job => job.Status is "completed"))
                : before!;
            pages.Add(page);
            if (page.Count == 0 || pages.Count * ChangedPages.Size >= page.Total) break;
        }

        return pages.ToImmutable();
    }

    private sealed record Answer(int TotalCount, IReadOnlyList<Job> Jobs);

    private sealed record Job(string? Status);
}
