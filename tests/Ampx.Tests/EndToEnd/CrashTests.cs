using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Control;
using Ampx.Silo.Agents.Runs;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>The service is killed (SIGKILL) while the task is in a phase, and started again: the task ends as it would have.</summary>
public sealed class CrashTests
{
    private const string Workflow = """
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - name: Test
                run: |
                  sleep 1
                  test "$(cat answer)" = 42 || { echo "FAIL: expected 42 but was $(cat answer)"; exit 1; }
        """;

    private const string Prompt = "Write the answer\n\nfake[1]: sleep 1\nfake[1]: write answer 41\nfake[2]: write answer 42";

    /// <summary>Long enough to be seen and killed in.</summary>
    private const int Held = 4000;

    [Theory]
    [InlineData(Phase.WaitingForWorker)]
    [InlineData(Phase.Preparing)]
    [InlineData(Phase.Agent)]
    [InlineData(Phase.Publishing)]
    [InlineData(Phase.WaitingForCi)]
    [InlineData(Phase.CollectingFeedback)]
    [InlineData(Phase.BackingOff)]
    [InlineData(Phase.OpeningPr)]
    public async Task Killed_in(Phase phase)
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__Workers__Slots"] = "1";
        stage.Environment["Ampx__Retry__BaseDelay"] = "00:00:04";
        var repo = await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await stage.Up();
        Hold(github, phase);
        if (phase is Phase.WaitingForWorker) await stage.Start("acme/answer", "Keep the slot busy\n\nfake[1]: sleep 3\nfake[1]: write answer 42");
        var id = (await stage.Start("acme/answer", phase is Phase.BackingOff ? "Write the answer\n\nfake[1]: exit 3\nfake[2]: write answer 42" : Prompt)).Id;

        var before = await stage.Until(id, task => task.Phase == phase);
        var agent = phase is Phase.Agent ? await AgentPid(stage) : null;
        await stage.Kill();
        if (agent is { } alive) Assert.True(Directory.Exists($"/proc/{alive}"), "the agent died with the service");
        await stage.Up();
        if (agent is not null) Assert.Equal(agent, await AgentPid(stage));

        var after = await stage.Ended(id);
        Assert.Equal((Status.Success, 2, PullRequestState.Open), (after.Status, after.Attempts, after.PullRequest?.State));
        Assert.True(after.Version > before.Version);
        var commits = await stage.Git(repo.Git.Folder, "log", "--format=%s", $"main..{after.Branch}");
        Assert.Equal(phase is Phase.BackingOff ? 1 : 2, commits.Split('\n').Length);
        Assert.Single(repo.Pulls, pull => pull.Head == after.Branch);
        Assert.Equal(2, File.ReadAllLines(Path.Combine(stage.Root, "amp", "threads", $"{after.ThreadId}.jsonl")).Length);
        Assert.Empty(Directory.GetDirectories(Path.Combine(stage.Data, "runs")));
    }

    [Fact]
    public async Task Killed_while_merging()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        var repo = await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await stage.Up();
        var id = (await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 42")).Id;
        await stage.Ended(id);

        Hold(github, Phase.Merging);
        var merge = stage.Ampx("merge", id);
        await stage.Until(id, task => task.Phase is Phase.Merging);
        await stage.Kill();
        await merge;
        await stage.Up();
        var after = await stage.Until(id, task => task.Phase is Phase.Done);
        Assert.Equal(PullRequestState.Merged, after.PullRequest?.State);
        Assert.Equal("2", await stage.Git(repo.Git.Folder, "rev-list", "--count", "main"));
    }

    [Fact]
    public async Task Killed_while_stopping()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await stage.Up();
        var id = (await stage.Start("acme/answer", "Never end\n\nfake[1]: ignore-sigterm\nfake[1]: grandchild\nfake[1]: stall")).Id;
        await stage.Until(id, task => task.Phase is Phase.Agent);
        var grandchildren = Path.Combine(stage.Root, "amp", "grandchildren");
        await Stage.Until(() => Task.FromResult(File.Exists(grandchildren) && File.ReadAllText(grandchildren).Trim().Length > 0), "the grandchild runs");
        var agent = await AgentPid(stage);

        await stage.Ampx("abort", id);
        await stage.Kill();
        await stage.Up();
        var after = await stage.Ended(id);
        Assert.Equal(Status.Aborted, after.Status);
        Assert.False(Directory.Exists($"/proc/{agent}"));
        Assert.All(File.ReadAllLines(grandchildren), pid => Assert.False(Directory.Exists($"/proc/{pid.Trim()}")));
    }

    [Fact]
    public async Task Killed_during_the_CI_command_of_a_plain_repository()
    {
        await using var stage = new Stage();
        stage.Agent("right", "echo 42 > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var id = (await stage.Start(repo, "Write the answer", "--agent", "right", "--ci", $"echo run >> {stage.Root}/ci; sleep 3; test \"$(cat answer)\" = 42")).Id;
        await Stage.Until(() => Task.FromResult(File.Exists(Path.Combine(stage.Root, "ci"))), "CI runs");
        await stage.Kill();
        await stage.Up();
        Assert.Equal(Status.Success, (await stage.Ended(id)).Status);
        Assert.Single(File.ReadAllLines(Path.Combine(stage.Root, "ci")));
    }

    private static void Hold(FakeGitHubServer github, Phase phase)
    {
        var (method, path) = phase switch
        {
            Phase.Preparing => ("GET", "*/info/refs"),
            Phase.Publishing => ("POST", "*/git-receive-pack"),
            Phase.CollectingFeedback => ("GET", "*/actions/jobs/*/logs"),
            Phase.OpeningPr => ("POST", "*/pulls"),
            Phase.Merging => ("PUT", "*/merge"),
            _ => (null, null),
        };
        if (path is not null) github.Site.Faults.Add(new Fault { Method = method, Path = path, DelayMs = Held });
    }

    /// <summary>The agent's process, once its supervisor has noted it.</summary>
    private static async Task<int?> AgentPid(Stage stage)
    {
        int? pid = null;
        await Stage.Until(() =>
        {
            var home = Path.Combine(stage.Data, "runs");
            var runs = Directory.Exists(home) ? Directory.GetDirectories(home) : [];
            pid = runs.Length == 1 ? new RunFolder(runs[0]).Info?.AgentPid : null;
            return Task.FromResult(pid is not null);
        }, "the agent runs");
        return pid;
    }
}
