using System.Text.Json.Nodes;

namespace Ampx.Tests.FakeGitHub.Description;

/// <summary>GitHub's description of its API and its webhooks, and its examples of deliveries, as npm brings it to <c>tests/github-descriptions</c>; it is not ours to commit.</summary>
internal static class DescriptionFiles
{
    public static JsonNode Api() => Read("@octokit/openapi/generated/api.github.com.json");

    /// <summary>Real payloads that GitHub has published, by event.</summary>
    public static ILookup<string, JsonNode> Deliveries() => Read("@octokit/webhooks-examples/api.github.com/index.json").AsArray()
        .SelectMany(kind => kind!["examples"]!.AsArray().Select(payload => (Event: (string)kind["name"]!, Payload: payload!)))
        .ToLookup(one => one.Event, one => one.Payload);

    private static JsonNode Read(string file)
    {
        var path = Path.Combine(Folder(), "node_modules", file);
        if (!File.Exists(path))
            throw new FileNotFoundException($"GitHub's description isn't here: {path}. 'scripts/setup.sh --tests' brings it with npm; scripts/test.sh runs that by itself.");
        using var stream = File.OpenRead(path);
        return JsonNode.Parse(stream)!;
    }

    private static string Folder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var found = Path.Combine(folder.FullName, "tests", "github-descriptions");
            if (File.Exists(Path.Combine(found, "package.json"))) return found;
        }

        throw new DirectoryNotFoundException($"no tests/github-descriptions above {AppContext.BaseDirectory}");
    }
}
