using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ampx.FakeGitHub.Control;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

/// <summary>What the fake delivers is what GitHub says that it delivers.</summary>
public class WebhookTests
{
    [Fact]
    public async Task Deliveries_are_as_GitHub_describes_them()
    {
        await using var forge = await Forge.Start("[push, pull_request]");
        forge.Server.Site.Webhooks.Add(new($"{forge.Server.WebUrl}nobody", "secret"));
        forge.Repository.Settings = forge.Repository.Settings with { RequiredApprovals = 1 };
        await forge.Push("feature", "a.txt", "a");
        var id = (string)(await forge.Get($"pulls/{await forge.OpenPull("feature", draft: true)}"))["node_id"]!;
        await forge.Push("feature", "a.txt", "b");
        await Do(forge, "markPullRequestReadyForReview", id);
        await Do(forge, "enablePullRequestAutoMerge", id);
        await Do(forge, "disablePullRequestAutoMerge", id);
        await Do(forge, "convertPullRequestToDraft", id);
        await forge.Send(HttpMethod.Patch, "pulls/1", new { title = "Other" });
        await forge.Send(HttpMethod.Patch, "pulls/1", new { state = "closed" });
        await forge.Send(HttpMethod.Patch, "pulls/1", new { state = "open" });
        await Do(forge, "markPullRequestReadyForReview", id);
        await Do(forge, "enablePullRequestAutoMerge", id);
        await forge.Server.Site.Repositories.Review(Forge.Name, 1);
        await forge.Send(HttpMethod.Delete, "git/refs/heads/feature");
        foreach (var run in forge.Repository.Runs) await run.Completed.WaitAsync(TimeSpan.FromSeconds(60));
        string[] expected =
        [
            "push", "pull_request.opened", "pull_request.synchronize", "pull_request.ready_for_review", "pull_request.auto_merge_enabled", "pull_request.auto_merge_disabled",
            "pull_request.converted_to_draft", "pull_request.edited", "pull_request.closed", "pull_request.reopened",
            "workflow_run.requested", "workflow_run.in_progress", "workflow_run.completed", "check_run.created", "check_run.completed", "check_suite.completed",
        ];
        await Forge.Until(() => expected.Except(forge.Server.Site.Webhooks.Deliveries.Select(Name)).ToList() is []);

        var strays = forge.Server.Site.Webhooks.Deliveries.SelectMany(Strays.OfDelivery).Distinct().ToList();
        Assert.True(strays.Count == 0, string.Join('\n', strays));
        var unlike = forge.Server.Site.Webhooks.Deliveries.SelectMany(Unlike).Distinct().ToList();
        Assert.True(unlike.Count == 0, string.Join('\n', unlike));
    }

    [Fact]
    public async Task A_listener_that_never_answers_keeps_nothing_from_the_others()
    {
        await using var forge = await Forge.Start();
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var hooks = forge.Server.Site.Webhooks;
        hooks.AnswerTime = TimeSpan.FromMilliseconds(200);
        hooks.Add(new($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/", Events: ["push"]));
        hooks.Add(new($"{forge.Server.WebUrl}nobody", Events: ["push"]));
        await forge.Push("feature", "a.txt", "a");
        await forge.Push("feature", "a.txt", "b");
        await Forge.Until(() => hooks.Deliveries.Count == 4);
        Assert.Equal(2, hooks.Deliveries.Count(delivery => delivery.Status is null));
    }

    /// <summary>Values of another kind than in the payloads that GitHub has published.</summary>
    private static IEnumerable<string> Unlike(Delivery delivery)
    {
        var published = Published[delivery.Event];
        var values = Values(JsonNode.Parse(delivery.Body)).ToList();
        Assert.True(values.Count(value => published.Contains(value.Path)) > 50, $"{delivery.Event} has little in common with what GitHub has published");
        return values.Where(value => published.Contains(value.Path) && value.Kind is not JsonValueKind.Null && !published[value.Path].Any(kind => kind == value.Kind || kind is JsonValueKind.Null))
            .Select(value => $"{delivery.Event}: {value.Path} is {value.Kind}, published as {published[value.Path].First()}");
    }

    private static readonly Dictionary<string, ILookup<string, JsonValueKind>> Published = DescriptionFiles.Deliveries().ToDictionary(
        payloads => payloads.Key, payloads => payloads.SelectMany(Values).Distinct().ToLookup(value => value.Path, value => value.Kind));

    private static IEnumerable<(string Path, JsonValueKind Kind)> Values(JsonNode? node, string path) => node switch
    {
        JsonObject all => all.SelectMany(one => Values(one.Value, $"{path}/{one.Key}")).Prepend((path, JsonValueKind.Object)),
        JsonArray all => all.SelectMany(one => Values(one, $"{path}/*")).Prepend((path, JsonValueKind.Array)),
        // One kind for both, as a schema has it.
        JsonValue value when value.GetValueKind() is JsonValueKind.True or JsonValueKind.False => [(path, JsonValueKind.True)],
        _ => [(path, node?.GetValueKind() ?? JsonValueKind.Null)],
    };

    private static IEnumerable<(string Path, JsonValueKind Kind)> Values(JsonNode? payload) => Values(payload, "");

    [Fact]
    public async Task Mischief_loses_doubles_delays_and_forges_deliveries()
    {
        await using var forge = await Forge.Start();
        var hooks = forge.Server.Site.Webhooks;
        hooks.Add(new($"{forge.Server.WebUrl}nobody", "secret", ["push"]));
        hooks.Mischief = new() { Lost = 1 };
        await forge.Push("lost", "a.txt", "a");
        await Forge.Until(() => forge.Repository.Runs.Count == 1);
        hooks.Mischief = new() { Doubled = 1, Late = 1, LatestMs = 50, Forged = 1 };
        await forge.Push("doubled", "a.txt", "b");
        await Forge.Until(() => hooks.Deliveries.Count == 2);
        Assert.All(hooks.Deliveries, delivery => Assert.True(delivery.Forged && delivery.Body.Contains("refs/heads/doubled", StringComparison.Ordinal)));
        Assert.Single(hooks.Deliveries.DistinctBy(delivery => delivery.Id));
    }

    private static string Name(Delivery delivery) =>
        (string?)JsonNode.Parse(delivery.Body)!["action"] is { } action ? $"{delivery.Event}.{action}" : delivery.Event;

    private static async Task Do(Forge forge, string mutation, string id)
    {
        var query = $"mutation($id: ID!) {{ {mutation}(input: {{pullRequestId: $id}}) {{ clientMutationId }} }}";
        Assert.Null((await forge.Send(HttpMethod.Post, "/api/graphql", new { query, variables = new { id } })).Body!["errors"]);
    }
}
