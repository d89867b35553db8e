using System.Diagnostics;
using System.Net.Http.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Hosting;
using Ampx.Silo.Telemetry;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.FakeGitHub.Description;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Xunit;
using Status = Ampx.Core.Tasks.Status;

namespace Ampx.Tests.Telemetry;

/// <summary>One trace from a request to the merge, over a service in this process, whose spans an exporter in memory takes.</summary>
public sealed class TraceTests(ITestOutputHelper output)
{
    private const string Learner = """
        if grep -q 'expected 42'; then echo 42 > answer; else echo 41 > answer; fi
        """;

    [Fact]
    public async Task A_task_with_two_attempts_is_one_trace_from_its_request_to_its_end()
    {
        List<Activity> spans = [];
        using var provider = Trace(spans);
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        stage.Agent("learner", Learner);
        await github.CreateRepository("acme/answer", GitHubTests.Files(GitHubTests.Workflow));
        await using var service = await AmpxService.Start(Flags(stage), hearSignals: false, TestContext.Current.CancellationToken);
        using var http = Client(service);
        var task = await Ended(http, await Start(http, new { repo = "acme/answer", prompt = "Write the answer, please", agent = "learner" }));
        Assert.Equal((Status.Success, 2), (task.Status, task.Attempts));
        await service.Stop(stopAgents: true);

        var mine = Assert.Single(Traces(spans, task.Id)).OrderBy(span => span.StartTimeUtc).ToList();
        foreach (var span in mine) output.WriteLine($"{span.StartTimeUtc:HH:mm:ss.fff} {span.Duration.TotalMilliseconds,8:0.0} ms  {span.Kind,-8} {span.DisplayName}");
        string[] phases = ["waiting_for_worker", "preparing", "agent", "publishing", "waiting_for_ci", "collecting_feedback",
            "waiting_for_worker", "preparing", "agent", "publishing", "waiting_for_ci", "opening_pr", "waiting_for_ci"];
        var told = mine.Where(span => span.DisplayName.StartsWith("phase ", StringComparison.Ordinal)).OrderBy(span => span.StartTimeUtc).ToList();
        Assert.Equal(phases.Select(phase => $"phase {phase}"), told.Select(span => span.DisplayName));
        // Nothing lies between them, and together they are all of the task's time.
        Assert.All(told.Zip(told.Skip(1)), pair => Assert.Equal(pair.First.StartTimeUtc + pair.First.Duration, pair.Second.StartTimeUtc));
        Assert.Equal((task.CreatedAt.UtcDateTime, task.FinishedAt!.Value.UtcDateTime), (told[0].StartTimeUtc, told[^1].StartTimeUtc + told[^1].Duration));

        Assert.Equal("POST /api/v1/tasks", Assert.Single(mine, span => span.Kind is ActivityKind.Server && span.GetTagItem("url.path") is "/api/v1/tasks").DisplayName);
        Assert.Equal(2, mine.Count(span => span.DisplayName == "agent learner" && span.GetTagItem("exit_code") is 0));
        Assert.Contains(mine, span => span.DisplayName == "git push" && span.Parent?.DisplayName == "work publishing");
        Assert.Contains(mine, span => span.Kind is ActivityKind.Client && span.Parent?.DisplayName == "work opening_pr");
        // What people, agents and CI wrote is not for whoever keeps the traces.
        Assert.DoesNotContain(mine, span => span.TagObjects.Any(tag => $"{tag.Value}".Contains("please", StringComparison.Ordinal) || $"{tag.Value}".Contains("expected", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_instruction_that_is_given_later_is_a_trace_of_its_own_and_probes_are_none()
    {
        List<Activity> spans = [];
        using var provider = Trace(spans);
        await using var stage = new Stage();
        stage.Agent("writer", "date +%N > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await using var service = await AmpxService.Start(Flags(stage), hearSignals: false, TestContext.Current.CancellationToken);
        using var http = Client(service);
        var id = await Start(http, new { repo, prompt = "Write", agent = "writer", ci = "true" });
        await Ended(http, id);
        using var more = await http.PatchAsJsonAsync($"/api/v1/tasks/{id}", new { action = "continue", prompt = "More" });
        await Stage.Until(async () => (await Show(http, id)) is { Prompt: "More", Ended: true }, "the second instruction is done");
        foreach (var probe in (string[])["/health/live", "/health/ready", "/metrics"]) await http.GetStringAsync(probe);
        await service.Stop(stopAgents: true);

        var traces = Traces(spans, id);
        Assert.Equal(["PATCH /api/v1/tasks/{id}", "POST /api/v1/tasks"], traces.Select(trace => Assert.Single(trace, span => span.Kind is ActivityKind.Server).DisplayName).Order());
        Assert.All(traces, trace => Assert.Single(trace, span => span.DisplayName == "agent writer"));
        lock (spans) Assert.DoesNotContain(spans, span => $"{span.GetTagItem("url.path")}" is "/metrics" or "/health/live" or "/health/ready" && span.GetTagItem("server.port") is int port && port == new Uri(service.Url).Port);
    }

    private static TracerProvider Trace(List<Activity> spans)
    {
        var builder = Sdk.CreateTracerProviderBuilder();
        TelemetrySetup.Trace(builder);
        return builder.AddInMemoryExporter(spans).Build();
    }

    /// <summary>All spans of each trace that has one of the task's.</summary>
    private static List<List<Activity>> Traces(List<Activity> spans, string taskId)
    {
        lock (spans) return [.. spans.GroupBy(span => span.TraceId).Where(trace => trace.Any(span => span.GetTagItem("ampx.task.id") is string id && id.EndsWith(taskId, StringComparison.Ordinal))).Select(trace => trace.ToList())];
    }

    private static Dictionary<string, string?> Flags(Stage stage) => new(
        stage.Environment.Where(variable => variable.Key.StartsWith("Ampx__", StringComparison.Ordinal)).Select(variable => KeyValuePair.Create(variable.Key.Replace("__", ":", StringComparison.Ordinal), variable.Value)))
    {
        ["Ampx:Urls"] = "http://127.0.0.1:0",
        ["Logging:LogLevel:Ampx"] = "Error",
    };

    private static HttpClient Client(AmpxService service) => new()
    {
        BaseAddress = new(service.Url),
        DefaultRequestHeaders = { Authorization = new("Bearer", File.ReadAllText(service.TokenFile!).Trim()) },
    };

    private static async Task<string> Start(HttpClient http, object order)
    {
        using var answer = await http.PostAsJsonAsync("/api/v1/tasks", order);
        Assert.True((int)answer.StatusCode == 201, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<TaskView>(AmpxJson.Options))!.Id;
    }

    private static async Task<(string Prompt, bool Ended, TaskView Task)> Show(HttpClient http, string id)
    {
        var task = (await http.GetFromJsonAsync<TaskView>($"/api/v1/tasks/{id}", AmpxJson.Options))!;
        return (task.Prompt, task.Phase is Phase.Done, task);
    }

    private static async Task<TaskView> Ended(HttpClient http, string id)
    {
        TaskView? task = null;
        await Stage.Until(async () => (await Show(http, id)) is { Ended: true, Task: var now } && (task = now) is not null, "the task has ended");
        return task!;
    }
}
