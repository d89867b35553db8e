using System.Collections.Concurrent;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Workflows;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>One service and one GitHub for many tasks at once, each in a repository of its own whose CI says what it is told to.</summary>
public sealed class VerdictStage : IAsyncLifetime
{
    public const string OnPush = "name: CI\non: push\njobs: {test: {runs-on: ubuntu-latest, steps: [{run: ./test}]}}\n";
    public const string OnPullRequest = "name: CI\non: pull_request\njobs: {test: {runs-on: ubuntu-latest, steps: [{run: ./test}]}}\n";

    /// <summary>Writes a file that is never the same, and runs what the instruction has behind <c>sh: </c>.</summary>
    private const string Agent = """
        while IFS= read -r line || [ -n "$line" ]; do case "$line" in "sh: "*) eval "${line#sh: }";; esac; done
        date +%s%N > answer
        """;

    private readonly ConcurrentDictionary<string, string> tasks = new();

    public FakeGitHubServer GitHub { get; private set; } = null!;
    public Stage Stage { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        GitHub = await DescribedGitHub.Start();
        Stage = GitHubTests.GitHubStage(GitHub);
        Stage.Agent("writer", Agent);
        Stage.Environment["Ampx__Workers__Slots"] = "4";
        Stage.Environment["Ampx__Ci__PollInterval"] = "00:00:00.5";
        Stage.Environment["Ampx__Ci__SettleTime"] = "00:00:04";
        Stage.Environment["Ampx__Ci__StartTimeout"] = "00:00:06";
        Stage.Environment["Ampx__Ci__Timeout"] = "00:00:15";
        await Stage.Up();
    }

    public async ValueTask DisposeAsync()
    {
        await Stage.DisposeAsync();
        await GitHub.DisposeAsync();
    }

    /// <summary>A repository whose pushes get these runs, one set for each push, and a task in it.</summary>
    public async Task Begin(string name, string? workflow, IReadOnlyList<RunSpec[]> pushes, string prompt = "Write the answer")
    {
        var files = new Dictionary<string, string> { ["README.md"] = "An answer." };
        if (workflow is not null) files[".github/workflows/ci.yml"] = workflow;
        var repository = await GitHub.CreateRepository($"acme/{name}", files);
        foreach (var runs in pushes) GitHub.Site.Actions.Script(repository, new RunScript { Branch = "amp/*", Runs = runs });
        tasks[name] = (await Stage.Create(new { repo = $"acme/{name}", prompt, agent = "writer" })).Id;
    }

    public string Task(string name) => tasks[name];

    public async Task<Core.Api.TaskView> Ended(string name) => await Stage.Ended(tasks[name]);

    public WorkflowRun[] Runs(string name) => [.. GitHub.Site.Repositories[$"acme/{name}"].Runs];

    /// <summary>How often GitHub was asked to run CI of that repository again, and did.</summary>
    public int Reruns(string name) => GitHub.Site.Requests.All.Count(call => call.Method == "POST" && call.Status == 201 && call.Path.Contains($"/acme/{name}/actions/runs/", StringComparison.Ordinal));

    public static RunSpec Run(string conclusion, JobSpec? job = null, string kind = "push", string? action = null, params RunSpec[] reruns) => new()
    {
        Event = kind,
        Action = action,
        Conclusion = conclusion,
        Jobs = job is null ? null : [job],
        Reruns = reruns,
    };

    /// <summary>Its machine vanished in the middle of the tests.</summary>
    public static JobSpec Lost { get; } = new()
    {
        Conclusion = "failure",
        Steps = [new("Set up job", "success"), new("Run tests", null, "in_progress"), new("Complete job", null, "queued")],
        Annotations = ["The hosted runner: GitHub Actions 1 lost communication with the server."],
    };
}
