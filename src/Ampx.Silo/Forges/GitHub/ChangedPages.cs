using System.Net;
using System.Text.Json;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Reads pages beside Octokit, whose records are large and whose calls know no ETag: a page that hasn't changed answers 304 and costs nothing.</summary>
internal sealed class ChangedPages(GitHubApi api)
{
    /// <summary>Entries of a page; GitHub gives no more.</summary>
    public const int Size = 100;
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The page and its tag; null if it is still the one of <paramref name="etag"/>.</summary>
    /// <param name="path">Below the repository, with its query.</param>
    public async Task<(string? ETag, T Page)?> Read<T>(RepoRef repo, string what, string path, string? etag, CancellationToken cancel)
    {
        var url = new Uri(api.Options.Rest, $"repos/{repo.Owner}/{repo.Name}/{path}");
        for (var hops = 0; hops < 3; hops++)
        {
            using var answer = await api.GetIfChanged(repo, what, url, etag, cancel);
            if (answer.StatusCode is HttpStatusCode.NotModified && etag is not null) return null;
            if (answer.Headers.Location is { } moved)
            {
                // A renamed repository; the token is for the API's own address.
                url = new Uri(url, moved);
                if (api.Options.Rest.IsBaseOf(url)) continue;
                throw new ForgeException(ErrorCodes.GitHubNotFound, $"couldn't {what}: GitHub sends {repo.Owner}/{repo.Name} to another host, {url.Host}");
            }

            await using var body = await answer.Content.ReadAsStreamAsync(cancel);
            return (answer.Headers.ETag?.ToString(), (await JsonSerializer.DeserializeAsync<T>(body, Json, cancel))!);
        }

        throw new ForgeException(ErrorCodes.GitHubNotFound, $"couldn't {what}: the address of {repo.Owner}/{repo.Name} leads in a circle");
    }
}
