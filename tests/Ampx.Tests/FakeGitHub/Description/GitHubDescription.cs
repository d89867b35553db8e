using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Ampx.Tests.FakeGitHub.Description;

/// <summary>A call that GitHub describes.</summary>
/// <param name="Name">Method and path template.</param>
/// <param name="Parameters">Query parameters: name to description, references resolved.</param>
/// <param name="Body">The request's body, or null.</param>
/// <param name="Responses">By status, references resolved.</param>
internal sealed record Operation(string Name, IReadOnlyDictionary<string, JsonObject> Parameters, JsonObject? Body, IReadOnlyDictionary<int, JsonObject> Responses);

/// <summary>GitHub's OpenAPI description: which calls there are, and what goes in and out. Read once, each schema when it is first needed.</summary>
internal sealed class GitHubDescription
{
    private static readonly Lazy<GitHubDescription> Shared = new(() => new(DescriptionFiles.Api()));
    private readonly JsonNode root;
    private readonly ILookup<int, (string[] Segments, string Template)> templates;
    private readonly ConcurrentDictionary<(string Template, string Method), Operation?> operations = new();

    private GitHubDescription(JsonNode root)
    {
        this.root = root;
        Schemas = new(root);
        templates = root["paths"]!.AsObject().Select(path => (Segments: path.Key.Trim('/').Split('/'), Template: path.Key)).ToLookup(path => path.Segments.Length);
    }

    public static GitHubDescription Instance => Shared.Value;

    /// <summary>The schemas in it.</summary>
    public Schemas Schemas { get; }

    /// <summary>The call, or null if GitHub has none there.</summary>
    public Operation? Find(string method, string path)
    {
        var parts = path.Trim('/').Split('/');
        if (parts is ["repositories", _, ..]) parts = ["repos", "owner", "repo", .. parts.Skip(2)]; // where a renamed repository's 301 leads
        if (parts is ["repos", _, _, "contents"]) parts = [.. parts, ""]; // the root folder
        return Matches(parts).Select(template => operations.GetOrAdd((template, method.ToLowerInvariant()), Read)).FirstOrDefault(found => found is not null);
    }

    /// <summary>What a webhook's delivery carries, or null if GitHub has no such event.</summary>
    public JsonNode? Webhook(string happened, string? action)
    {
        var name = happened.Replace('_', '-') + (action is null ? "" : "-" + action.Replace('_', '-'));
        return root["x-webhooks"]![name]?["post"]?["requestBody"]?["content"]?["application/json"]?["schema"];
    }

    /// <summary>Templates that fit, those with the most fixed segments first; a last parameter may span several (a path, a branch).</summary>
    private IEnumerable<string> Matches(string[] parts) => Enumerable.Range(1, parts.Length).Reverse()
        .SelectMany(count => templates[count]
            .Where(path => path.Segments.Index().All(s => s.Item.Contains('{', StringComparison.Ordinal) || s.Item == parts[s.Index]))
            .Where(path => count == parts.Length || path.Segments[^1] is "{path}" or "{ref}" or "{branch}" or "{basehead}")
            .OrderByDescending(path => path.Segments.Count(segment => !segment.Contains('{', StringComparison.Ordinal))))
        .Select(path => path.Template);

    private Operation? Read((string Template, string Method) key)
    {
        if (root["paths"]![key.Template]![key.Method] is not JsonObject found) return null;
        var parameters = (found["parameters"]?.AsArray() ?? []).Select(Resolve).Where(one => (string?)one["in"] == "query").ToDictionary(one => (string)one["name"]!);
        var body = found["requestBody"] is { } described ? Resolve(described) : null;
        var responses = found["responses"]!.AsObject().ToDictionary(one => int.Parse(one.Key, System.Globalization.CultureInfo.InvariantCulture), one => Resolve(one.Value));
        return new($"{key.Method.ToUpperInvariant()} {key.Template}", parameters, body, responses);
    }

    private JsonObject Resolve(JsonNode? node) =>
        (string?)node!["$ref"] is { } reference ? Resolve(reference[2..].Split('/').Aggregate(root, (inner, name) => inner[name]!)) : node.AsObject();
}
