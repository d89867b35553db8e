using System.Text.Json;
using System.Text.Json.Nodes;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Rest;

/// <summary>A call whose caller is known.</summary>
internal sealed record Call(Site Site, HttpContext Http, AccessToken Token)
{
    private JsonObject? body;

    public string Route(string name) => Uri.UnescapeDataString((string?)Http.GetRouteValue(name) ?? "");

    public long Number(string name) => long.Parse(Route(name), System.Globalization.CultureInfo.InvariantCulture);

    public string? Query(string name) => Http.Request.Query[name] is [{ Length: > 0 } value] ? value : null;

    /// <summary>A field of the JSON body as text; null if it is absent or null.</summary>
    public string? Text(string field) => body?[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public bool? Flag(string field) => body?[field] is JsonValue value && value.TryGetValue<bool>(out var flag) ? flag : null;

    public JsonNode? Field(string field) => body?[field];

    /// <summary>A list of texts, given as such or as the body itself.</summary>
    public string[] Texts(string field) => body?[field] is JsonArray list ? [.. list.Select(item => item!.ToString())] : [];

    /// <summary>Reads the body; false if it is no JSON.</summary>
    public async Task<bool> ReadBody()
    {
        if (Http.Request.ContentLength is 0 || HttpMethods.IsGet(Http.Request.Method)) return true;
        using var reader = new StreamReader(Http.Request.Body);
        var text = await reader.ReadToEndAsync();
        if (text.Length == 0) return true;
        try
        {
            var node = JsonNode.Parse(text);
            body = node as JsonObject ?? new JsonObject { ["labels"] = node }; // labels may come as a bare list
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

/// <summary>A call about one repository that the caller may see.</summary>
internal sealed record RepoCall(Call Call, Repository Repository)
{
    public Site Site => Call.Site;

    public AccessToken Token => Call.Token;

    public PullRequest? Pull => Repository.Pull((int)Call.Number("number"));

    public string RepoUrl => $"{Site.ApiUrl}repos/{Repository.FullName}";

    public string HtmlUrl => Site.WebUrl + Repository.FullName;
}
