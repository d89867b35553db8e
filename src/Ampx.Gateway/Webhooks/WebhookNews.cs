using System.Buffers;
using System.Text.Json;
using Ampx.Core.Tasks;

namespace Ampx.Gateway.Webhooks;

/// <summary>What a delivery is about. <see cref="Sha"/> is null where the payload names no commit.</summary>
internal sealed record WebhookNews(RepoRef Repo, string? Sha)
{
    /// <summary>The commit's place in each kind of payload that can be news of CI or of a pull request.</summary>
    private static readonly Dictionary<string, string[]> Commits = new(StringComparer.Ordinal)
    {
        ["workflow_run"] = ["workflow_run", "head_sha"],
        ["check_run"] = ["check_run", "head_sha"],
        ["check_suite"] = ["check_suite", "head_sha"],
        ["push"] = ["after"],
        ["pull_request"] = ["pull_request", "head", "sha"],
    };

    /// <summary>The news in <paramref name="body"/>; null if the kind is none of interest, or the repository none of <paramref name="webUrl"/>'s.</summary>
    /// <exception cref="RefusedException">400: no JSON object.</exception>
    public static WebhookNews? Read(string what, ReadOnlySequence<byte> body, Uri webUrl)
    {
        if (!Commits.TryGetValue(what, out var commit)) return null;
        try
        {
            using var payload = JsonDocument.Parse(body);
            if (payload.RootElement.ValueKind is not JsonValueKind.Object) throw RefusedException.BadRequest("the payload is no JSON object");
            return Text(payload.RootElement, "repository", "html_url") is { } url && RepoRef.Parse(url, webUrl, out _) is { Kind: ForgeKind.GitHub } repo
                ? new(repo, Text(payload.RootElement, commit))
                : null;
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
