using System.Collections.Immutable;
using System.Globalization;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Lists workflow runs; what hasn't changed costs nothing.</summary>
internal sealed class RunListings(GitHubApi api)
{
    /// <summary>GitHub shows at most 1,000 results of one listing.</summary>
    private const int MostPages = 10;
    private readonly ChangedPages _pages = new(api);

    /// <inheritdoc cref="IForge.ListCi"/>
    public async Task<CiListing> List(RepoRef repo, CiScope scope, CiListing? before, CancellationToken cancel)
    {
        var known = before?.Scope == scope ? before.Pages : [];
        var pages = ImmutableArray.CreateBuilder<CiPage>();
        while (pages.Count < MostPages)
        {
            var page = await Page(repo, scope, pages.Count + 1, pages.Count < known.Length ? known[pages.Count] : null, cancel);
            pages.Add(page);
            if (page.Runs.IsEmpty || pages.Count * ChangedPages.Size >= page.Total) break;
        }

        return new(scope, pages.ToImmutable());
    }

    private async Task<CiPage> Page(RepoRef repo, CiScope scope, int number, CiPage? known, CancellationToken cancel)
    {
        var filter = scope.Sha is { } sha ? $"head_sha={sha}" : $"created=%3E%3D{scope.Since!.Value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}";
        var path = $"actions/runs?{filter}&per_page={ChangedPages.Size}&page={number}";
        return await _pages.Read<Answer>(repo, "list the workflow runs", path, known?.ETag, cancel) is { } read
            ? new(read.ETag, read.Page.TotalCount, [.. read.Page.WorkflowRuns.Select(Ours)])
            : known!;
    }

    private static ListedRun Ours(Run run) =>
        new(run.Id, run.WorkflowId, run.Event ?? "", run.HeadSha, run.Status ?? "", run.Conclusion, Math.Max(run.RunAttempt, 1), run.CreatedAt, run.HtmlUrl);

    private sealed record Answer(int TotalCount, IReadOnlyList<Run> WorkflowRuns);

    private sealed record Run(
        long Id, long WorkflowId, string? Event, string HeadSha, string? Status, string? Conclusion, int RunAttempt, DateTimeOffset CreatedAt, string? HtmlUrl);
}
