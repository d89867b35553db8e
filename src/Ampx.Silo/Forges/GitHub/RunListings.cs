using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Lists workflow runs beside Octokit, whose records are large and whose calls know no ETag: a page that hasn't changed answers 304 and costs nothing.</summary>
internal sealed class RunListings(GitHubApi api)
{
    private const int PageSize = 100;

    /// <summary>GitHub shows at most 1,000 results of one listing.</summary>
    private const int MostPages = 10;
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <inheritdoc cref="IForge.ListCi"/>
    public async Task<CiListing> List(RepoRef repo, CiScope scope, CiListing? before, CancellationToken cancel)
    {
        var known = before?.Scope == scope ? before.Pages : [];
        var pages = ImmutableArray.CreateBuilder<CiPage>();
        while (pages.Count < MostPages)
        {
            var page = await Page(repo, scope, pages.Count + 1, pages.Count < known.Length ? known[pages.Count] : null, cancel);
            pages.Add(page);
            if (page.Runs.IsEmpty || pages.Count * PageSize >= page.Total) break;
        }

        return new(scope, pages.ToImmutable());
    }

    private async Task<CiPage> Page(RepoRef repo, CiScope scope, int number, CiPage? known, CancellationToken cancel)
    {
        var filter = scope.Sha is { } sha ? $"head_sha={sha}" : $"created=%3E%3D{scope.Since!.Value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}";
        var url = new Uri(api.Options.Rest, $"repos/{repo.Owner}/{repo.Name}/actions/runs?{filter}&per_page={PageSize}&page={number}");
        for (var hops = 0; hops < 3; hops++)
        {
            using var answer = await api.GetIfChanged(repo, "list the workflow runs", url, known?.ETag, cancel);
            if (answer.StatusCode is HttpStatusCode.NotModified && known is not null) return known;
            if (answer.Headers.Location is { } moved)
            {
                // A renamed repository; the token is for the API's own address.
                url = new Uri(url, moved);
                if (api.Options.Rest.IsBaseOf(url)) continue;
                throw new ForgeException(ErrorCodes.GitHubNotFound, $"couldn't list the workflow runs: GitHub sends {repo.Owner}/{repo.Name} to another host, {url.Host}");
            }

            await using var body = await answer.Content.ReadAsStreamAsync(cancel);
            var listed = await JsonSerializer.DeserializeAsync<Answer>(body, Json, cancel);
            return new(answer.Headers.ETag?.ToString(), listed!.TotalCount, [.. listed.WorkflowRuns.Select(Ours)]);
        }

        throw new ForgeException(ErrorCodes.GitHubNotFound, $"couldn't list the workflow runs: the address of {repo.Owner}/{repo.Name} leads in a circle");
    }

    private static ListedRun Ours(Run run) =>
        new(run.Id, run.WorkflowId, run.Event ?? "", run.HeadSha, run.Status ?? "", run.Conclusion, Math.Max(run.RunAttempt, 1), run.CreatedAt, run.HtmlUrl);

    private sealed record Answer(int TotalCount, IReadOnlyList<Run> WorkflowRuns);

    private sealed record Run(
        long Id, long WorkflowId, string? Event, string HeadSha, string? Status, string? Conclusion, int RunAttempt, DateTimeOffset CreatedAt, string? HtmlUrl);
}
