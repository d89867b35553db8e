using System.Diagnostics;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Control;
using Ampx.Runs;
using Ampx.Silo.Agents.Runs;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>People and signals come in the middle of the work, on the real service.</summary>
public sealed class StopTests
{
    /// <summary>Longer than anything here may take.</summary>
    private const int Held = 25_000;

    private const string Workflow = """
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - name: Test
                run: test "$(cat answer)" = 42
        """;

    [Theory]
    [InlineData(Phase.Preparing, "GET", "*/info/refs")]
    [InlineData(Phase.Publishing, "POST", "*/git-receive-pack")]
    [InlineData(Phase.WaitingForCi, "GET", "*/actions/runs*")]
    public async Task An_abort_frees_the_slot_within_five_seconds(Phase phase, string method, string path)
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__Workers__Slots"] = "1";
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        var other = await stage.Repository("other", ("README.md", "An answer."));
        stage.Agent("right", "echo 42 > answer");
        await stage.Up();
        if (phase is Phase.WaitingForCi) await stage.Ended((await stage.Start("acme/answer", "Warm up\n\nfake[1]: write answer 42")).Id);
        github.Site.Faults.Add(new Fault { Method = method, Path = path, DelayMs = Held, Times = null });
        var id = (await stage.Start("acme/answer", "Write the answer\n\nfake[1]: sleep 1\nfake[1]: write answer 42")).Id;
        var next = (await stage.Start(other, "Write the answer", "--agent", "right", "--ci", "true")).Id;
        await stage.Until(id, task => task.Phase == phase);

        var since = Stopwatch.GetTimestamp();
        Assert.Equal(0, (await stage.Ampx("abort", id)).Code);
        Assert.Equal(Status.Aborted, (await stage.Ended(id)).Status);
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 0, 5);
        Assert.Equal(Status.Success, (await stage.Ended(next)).Status);
        await Stage.Until(() => Task.FromResult(Directory.GetDirectories(Path.Combine(stage.Data, "runs")).Length == 0), "no run is left");
    }

    [Fact]
    public async Task The_service_stops_within_ten_seconds_whatever_is_under_way_and_goes_on_with_it()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__Workers__Slots"] = "3";
        stage.Agent("right", "echo 42 > answer");
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await github.CreateRepository("acme/slow", GitHubTests.Files(Workflow));
        var local = await stage.Repository("local", ("README.md", "An answer."));
        await stage.Up();
        github.Site.Faults.Add(new Fault { Method = "GET", Path = "*/actions/runs*", DelayMs = Held, Skip = 3, Times = 1 });
        var judged = (await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 42")).Id;
        await stage.Until(judged, task => task.Phase is Phase.WaitingForCi);
        var agent = (await stage.Start("acme/answer", "Take your time\n\nfake[1]: sleep 15\nfake[1]: write answer 42")).Id;
        await stage.Until(agent, task => task.Phase is Phase.Agent);
        var ci = (await stage.Start(local, "Write the answer", "--agent", "right", "--ci", "sleep 12")).Id;
        await stage.Until(ci, task => task.Phase is Phase.WaitingForCi);
        github.Site.Faults.Add(new Fault { Method = "GET", Path = "*/slow.git/info/refs", DelayMs = Held });
        var prepared = (await stage.Start("acme/slow", "Write the answer\n\nfake[1]: write answer 42")).Id;
        await stage.Until(prepared, task => task.Phase is Phase.Preparing);

        var since = Stopwatch.GetTimestamp();
        Assert.Equal(0, (await stage.Ampx("down", "--data", stage.Data)).Code);
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalSeconds, 0, 10);
        github.Site.Faults.Clear();
        await stage.Up();
        foreach (var id in new[] { judged, agent, ci, prepared })
        {
            var task = await stage.Ended(id);
            Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
        }
    }

    [Fact]
    public async Task Stopped_with_its_agents_nothing_runs_on_and_nothing_is_counted()
    {
        await using var stage = new Stage();
        stage.Agent("right", $"echo run >> {stage.Root}/agent; sleep 3; echo 42 > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var judged = (await stage.Start(repo, "Judge it", "--agent", "right", "--ci", $"echo run >> {stage.Root}/ci; sleep 3; test \"$(cat answer)\" = 42")).Id;
        await Stage.Until(() => Task.FromResult(File.Exists(Path.Combine(stage.Root, "ci"))), "CI runs");
        var id = (await stage.Start(repo, "Write the answer", "--agent", "right", "--ci", "true")).Id;
        await Stage.Until(() => Task.FromResult(File.ReadAllLines(Path.Combine(stage.Root, "agent")).Length == 2), "the agent runs");

        Assert.Equal(0, (await stage.Ampx("down", "--data", stage.Data, "--stop-agents")).Code);
        Assert.All(Directory.GetDirectories(Path.Combine(stage.Data, "runs")), run => Assert.IsType<RunState.Exited>(new RunFolder(run).State));
        Assert.Equal(2, File.ReadAllLines(Path.Combine(stage.Root, "agent")).Length);
        await stage.Up();
        foreach (var task in new[] { await stage.Ended(id), await stage.Ended(judged) }) Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
    }
}
