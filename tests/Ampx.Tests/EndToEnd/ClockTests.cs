using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Workflows;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>The machine's clock is set an hour forward or back under the real service (by libfaketime, which <c>scripts/setup.sh --tests</c> installs), and nobody notices.</summary>
public sealed class ClockTests
{
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

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_jump_of_an_hour_and_one_back_during_a_restart_change_nothing(int hours)
    {
        var library = Directory.GetDirectories("/usr/lib").Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists);
        Assert.SkipUnless(library is not null, "libfaketime is missing: scripts/setup.sh --tests installs it");
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        var set = Path.Combine(stage.Root, "clock");
        await File.WriteAllTextAsync(set, "+0");
        foreach (var (name, value) in new[] { ("LD_PRELOAD", library), ("FAKETIME_TIMESTAMP_FILE", set), ("FAKETIME_CACHE_DURATION", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("DONT_FAKE_MONOTONIC", "1") })
            stage.Environment[name] = value;
        stage.Environment["Ampx__Workers__Slots"] = "3";
        stage.Environment["Ampx__Retry__BaseDelay"] = "00:00:08";
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        var late = await github.CreateRepository("acme/late", GitHubTests.Files(Workflow));
        github.Site.Actions.Script(late, new RunScript { Times = null });
        await stage.Up();

        // Waits for a CI that hasn't begun: five minutes, by default, are not over.
        var waiting = (await stage.Start("acme/late", "Write the answer\n\nfake[1]: write answer 42")).Id;
        var pushed = await stage.Until(waiting, task => task.Phase is Phase.WaitingForCi);
        // Has half an hour in all.
        var agent = (await stage.Start("acme/answer", "Write the answer\n\nfake[1]: sleep 8\nfake[1]: write answer 41\nfake[2]: write answer 42", "--max-time", "30m")).Id;
        await stage.Until(agent, task => task.Phase is Phase.Agent);
        var backingOff = (await stage.Start("acme/answer", "Write the answer\n\nfake[1]: exit 3\nfake[2]: write answer 42")).Id;
        await stage.Until(backingOff, task => task.Phase is Phase.BackingOff);

        await File.WriteAllTextAsync(set, $"{hours:+0;-0}h");
        await Stage.Until(async () => Math.Abs((await MachinesClock(stage) - TimeProvider.System.GetUtcNow() - Hour * hours).TotalMinutes) < 1, "the service's machine has the other time");
        var looks = Looks();
        await Stage.Until(() => Task.FromResult(Looks() > looks + 1), "the service has looked at CI with the other time");
        await stage.Kill();
        await File.WriteAllTextAsync(set, "+0");
        await stage.Up();
        await Stage.Until(async () => Math.Abs((await MachinesClock(stage) - TimeProvider.System.GetUtcNow()).TotalMinutes) < 1, "the service's machine has its own time again");

        foreach (var id in new[] { agent, backingOff })
        {
            var task = await stage.Ended(id);
            Assert.Equal((Status.Success, 2), (task.Status, task.Attempts));
        }

        var run = github.Site.Actions.Add(late, pushed.HeadSha!, pushed.Branch, new RunSpec { Status = "in_progress" });
        await stage.Until(waiting, task => task.CiRunId is not null);
        github.Site.Actions.Update(late, run, new RunSpec { Conclusion = "success" });
        var green = await stage.Ended(waiting);
        Assert.Equal((Status.Success, 1), (green.Status, green.Attempts));

        foreach (var id in new[] { waiting, agent, backingOff })
        {
            var times = (await stage.Get<Timeline>($"tasks/{id}/timeline")).Entries.Select(entry => entry.Time).ToList();
            Assert.Equal(times.Order(), times);
            Assert.InRange(times[^1] - TimeProvider.System.GetUtcNow(), -Hour / 6, Hour / 6);
        }

        int Looks() => github.Site.Requests.Count("GET", "actions/runs");
    }

    /// <summary>What the service's process takes for the machine's time: the web server's own header says it.</summary>
    private static async Task<DateTimeOffset> MachinesClock(Stage stage)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync($"{ServiceFile.Read(stage.Data)!.Url}/health/live");
        return answer.Headers.Date!.Value;
    }
}
