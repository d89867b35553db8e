using System.Text.Json;
using Ampx.Core.Tasks;

namespace Ampx.Gateway.Webhooks;

/// <summary>What a delivery is about: CI of a commit, or a pull request and its head; <see cref="Sha"/> is null where the payload names none.</summary>
internal sealed record WebhookNews(RepoRef Repo, string? Sha, int? PullRequest)
{
    private const string AboutPullRequest = "pull_request";

    /// <summary>The commit's place in each kind of payload that can be news of CI.</summary>
    private static readonly Dictionary<string, string[]> Commits = new(StringComparer.Ordinal)
    {
        ["workflow_run"] = ["workflow_run", "head_sha"],
        ["check_run"] = ["check_run", "head_sha"],
        ["check_suite"] = ["check_suite", "head_sha"],
        ["push"] = ["after"],
    };

    /// <summary>The news in <paramref name="body"/>; null if the kind is none of interest, or the repository none of <paramref name="webUrl"/>'s.</summary>
    /// <exception cref="RefusedException">400: no JSON object.</exception>
    public static async Task<WebhookNews?> Read(string what, Stream body, Uri webUrl, CancellationToken cancel)
    {
        var commit = Commits.GetValueOrDefault(what);
        if (commit is null && what != AboutPullRequest) return null;
        try
        {
            using var payload = await JsonDocument.ParseAsync(body, cancellationToken: cancel);
            var root = payload.RootElement;
            if (root.ValueKind is not JsonValueKind.Object) throw RefusedException.BadRequest("the payload is no JSON object");
            if (Text(root, "repository", "html_url") is not { } url || RepoRef.Parse(url, webUrl, out _) is not { Kind: ForgeKind.GitHub } repo) return null;
            if (commit is not null) return new(repo, Text(root, commit), null);
            return root.TryGetProperty("number", out var number) && number.ValueKind is JsonValueKind.Number && number.TryGetInt32(out var pull) ? new(repo, Text(root, AboutPullRequest, "head", "sha"), pull) : null;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException) // the latter: half a surrogate pair
        {
            throw RefusedException.BadRequest("the payload is not well-formed JSON");
        }
    }

    private static string? Text(JsonElement at, params string[] path)
    {
        foreach (var name in path)
        {
            if (at.ValueKind is not JsonValueKind.Object || !at.TryGetProperty(name, out at)) return null;
        }

        return at.ValueKind is JsonValueKind.String ? at.GetString() : null;
    }
}
