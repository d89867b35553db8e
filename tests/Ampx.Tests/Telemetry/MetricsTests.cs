using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ampx.Core.Tasks;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.FakeGitHub.Description;
using Ampx.Tests.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;
using YamlDotNet.Serialization;

namespace Ampx.Tests.Telemetry;

/// <summary>What a real service tells of itself, held against what the documentation, the dashboard and the alerts say that it does.</summary>
public sealed partial class MetricsTests
{
    [Fact]
    public async Task Each_metric_of_the_documentation_is_there_with_its_labels_and_there_is_no_other()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        await github.CreateRepository("acme/answer", GitHubTests.Files(GitHubTests.Workflow));
        await stage.Up();
        // A run that fails is tried again after a wait, the next one's commit is red.
        var task = await stage.Ended((await stage.Start("acme/answer", "Write\n\nfake[1]: exit 3\nfake[2]: write answer 41\nfake[3]: write answer 42")).Id);
        Assert.Equal((Status.Success, 3), (task.Status, task.Attempts));

        var documented = Documented();
        Assert.True(documented.Count >= 13, $"only {documented.Count} metrics are documented");
        // Tasks are counted twice a minute.
        Dictionary<string, HashSet<string>> told = [];
        await Stage.Until(async () => (told = Told(await (await stage.Look("/metrics")).Content.ReadAsStringAsync())).ContainsKey("ampx_tasks"), "tasks are counted");
        Assert.Equal(documented.Keys.Order(), told.Keys.Where(name => name.StartsWith("ampx_", StringComparison.Ordinal)).Order());
        foreach (var (name, labels) in documented) Assert.True(labels.SetEquals(told[name]), $"{name}: {string.Join(' ', told[name])} instead of {string.Join(' ', labels)}");
        foreach (var others in (string[])["orleans_", "http_server_", "kestrel_", "http_client_", "dotnet_"]) Assert.Contains(told.Keys, name => name.StartsWith(others, StringComparison.Ordinal));
    }

    [Fact]
    public void Dashboard_and_alerts_ask_for_what_there_is()
    {
        var documented = Documented().Keys.ToHashSet();
        var dashboard = Read("deploy/grafana/ampx.json");
        using var panels = JsonDocument.Parse(dashboard);
        Assert.True(panels.RootElement.GetProperty("panels").GetArrayLength() >= 10);
        var rules = Read("deploy/prometheus/alerts.yaml");
        Assert.NotEmpty(new DeserializerBuilder().Build().Deserialize<Dictionary<string, List<Dictionary<string, object>>>>(rules)["groups"]);
        foreach (Match used in Used.Matches(dashboard + rules)) Assert.Contains(Histogram.Replace(used.Value, ""), documented);
        Assert.Equal(documented.Order(), Used.Matches(dashboard).Select(used => Histogram.Replace(used.Value, "")).Distinct().Order());
    }

    [Fact]
    public async Task With_an_endpoint_traces_and_metrics_are_sent_there_and_the_log_is_JSON_if_wanted()
    {
        ConcurrentDictionary<string, int> received = [];
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/otlp/v1/{signal}", async (HttpRequest request, string signal) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            received.AddOrUpdate($"{signal} {request.ContentType}", (int)body.Length, (_, sum) => sum + (int)body.Length);
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);
        await using var stage = new Stage();
        stage.Agent("writer", "echo 42 > answer");
        stage.Environment["Ampx__Telemetry__OtlpEndpoint"] = $"{collector.Urls.Single()}/otlp";
        stage.Environment["Ampx__Telemetry__LogFormat"] = "json";
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var task = await stage.Ended((await stage.Start(repo, "Write", "--agent", "writer", "--ci", "true")).Id);
        await Stage.Until(() => Task.FromResult(received.ContainsKey("traces application/x-protobuf")), "spans have arrived");
        await stage.Terminate();
        Assert.True(received.ContainsKey("metrics application/x-protobuf"), string.Join(", ", received.Keys));

        var lines = stage.ServiceLog.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var told = lines.Where(line => line.GetProperty("State").TryGetProperty("Task", out var of) && of.GetString() == task.Id).ToList();
        Assert.Contains(told, line => line.GetProperty("Message").GetString()!.Contains("Agent -> Publishing", StringComparison.Ordinal));
        Assert.Contains(told, line => line.GetProperty("Scopes").EnumerateArray().Any(scope => scope.ValueKind is JsonValueKind.Object && scope.TryGetProperty("TraceId", out _)));
    }

    private static string Read(string path) => File.ReadAllText(Checkout.File(path));

    private static Dictionary<string, HashSet<string>> Documented() => Row.Matches(Read("docs/OBSERVABILITY.md")).Where(row => row.Groups[1].Value.StartsWith("ampx_", StringComparison.Ordinal))
        .ToDictionary(row => row.Groups[1].Value, row => Quoted.Matches(row.Groups[2].Value).Select(label => label.Groups[1].Value).ToHashSet());

    private static Dictionary<string, HashSet<string>> Told(string text)
    {
        var told = new Dictionary<string, HashSet<string>>();
        var types = text.Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).ToDictionary(line => line.Split(' ')[2], line => line.Split(' ')[3]);
        foreach (var line in text.Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            var name = Name.Match(line).Value;
            if (types.GetValueOrDefault(Histogram.Replace(name, "")) is "histogram") name = Histogram.Replace(name, "");
            var labels = told.TryGetValue(name, out var there) ? there : told[name] = [];
            foreach (Match label in Label.Matches(line)) labels.Add(label.Groups[1].Value);
            labels.ExceptWith(["le", "otel_scope_name"]);
        }

        return told;
    }

    [GeneratedRegex(@"^\| `(\w+)` \|([^|]*)\|", RegexOptions.Multiline)]
    private static partial Regex Row { get; }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted { get; }

    [GeneratedRegex(@"\bampx_\w+")]
    private static partial Regex Used { get; }

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex Histogram { get; }

    [GeneratedRegex(@"^\w+")]
    private static partial Regex Name { get; }

    [GeneratedRegex(@"[{,](\w+)=""")]
    private static partial Regex Label { get; }
}
