using System.Net;
using System.Text.Json;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;

namespace Ampx.Silo.Doctor.GitHub;

/// <summary>What GitHub answered to one harmless question.</summary>
internal sealed record ProbeAnswer(HttpStatusCode Status, JsonElement Body, IReadOnlyDictionary<string, string> Headers)
{
    public bool Ok => (int)Status is >= 200 and < 300;

    /// <summary>GitHub's own words for a refusal.</summary>
    public string Words => Text("message") ?? $"{(int)Status} {Status}";

    public string? Text(string name) => Find(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>Null where GitHub doesn't say.</summary>
    public bool? Flag(string name) => Find(name) is { ValueKind: JsonValueKind.True or JsonValueKind.False } value ? value.GetBoolean() : null;

    public JsonElement? Find(string name) => Body.ValueKind is JsonValueKind.Object && Body.TryGetProperty(name, out var value) ? value : null;
}

/// <summary>Asks GitHub once, without retries, and takes every answer for an answer: reads only, never a write.</summary>
internal sealed class GitHubProbe(GitHubClients clients, AccessToken? token)
{
    /// <param name="path">Below the API's base.</param>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public async Task<ProbeAnswer> Get(string path, CancellationToken cancel)
    {
        var answer = await Get(new Uri(clients.Options.Rest, path), cancel);
        // A renamed repository answers with its number; the token goes to the API's own address only.
        var moved = answer.Status is HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
            && answer.Headers.TryGetValue("location", out var there) && Uri.TryCreate(clients.Options.Rest, there, out var url) && clients.Options.Rest.IsBaseOf(url) ? url : null;
        return moved is null ? answer : await Get(moved, cancel);
    }

    private async Task<ProbeAnswer> Get(Uri url, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Accept.ParseAdd("application/vnd.github+json");
        using var answer = await clients.Send(request, token, cancel);
        var headers = answer.Headers.ToDictionary(header => header.Key, header => string.Join(",", header.Value), StringComparer.OrdinalIgnoreCase);
        return new(answer.StatusCode, await Json(answer, cancel), headers);
    }

    private static async Task<JsonElement> Json(HttpResponseMessage answer, CancellationToken cancel)
    {
        try
        {
            using var body = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
            return body.RootElement.Clone();
        }
        catch (JsonException)
        {
            // A proxy's page, say: the status is all there is.
            return default;
        }
    }
}
