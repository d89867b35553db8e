using System.Diagnostics;
using System.Globalization;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Runs;
using Ampx.Silo.Agents.Runs;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>The service dies with kill -9 under agents at work, and nothing of theirs is lost, nor does anything live on that nobody wants.</summary>
public sealed class SurvivalTests
{
    private const int Agents = 20;

    /// <summary>Prints some fifty numbered lines a second until it may end. Even ones end while the service is away, number 7 in failure.</summary>
    private const string Printer = """
        while IFS= read -r line || [ -n "$line" ]; do case "$line" in "number: "*) n=${line#number: };; esac; done
        echo $$ >> ROOT/pids/$n
        [ $((n % 2)) = 0 ] && end=ROOT/away || end=ROOT/back
        i=0
        while [ ! -e $end ]; do
            for five in 1 2 3 4 5; do i=$((i+1)); echo "line $i"; done
            echo $i > ROOT/counts/$n
            sleep 0.1
        done
        echo $i > count
        echo $i > ROOT/ended/$n
        [ $n != 7 ] || exit 7
        """;

    [Fact]
    public async Task Twenty_agents_survive_a_kill_with_every_line_and_exit_code()
    {
        await using var stage = new Stage();
        foreach (var folder in new[] { "pids", "counts", "ended" }) Directory.CreateDirectory(Path.Combine(stage.Root, folder));
        stage.Agent("printer", Printer.Replace("ROOT", stage.Root, StringComparison.Ordinal));
        stage.Environment["Ampx__Workers__Slots"] = $"{Agents}";
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var tasks = new List<string>();
        for (var n = 1; n <= Agents; n++) tasks.Add((await stage.Create(new { repo, prompt = $"Print\n\nnumber: {n}", agent = "printer", ci = "true", max_attempts = 1 })).Id);
        await Stage.Until(() => Task.FromResult(Numbers(stage, "counts").Count(count => count >= 50) == Agents), "all agents print");
        var pids = Pids(stage);
        var supervisors = Supervisors(stage);

        var atKill = Numbers(stage, "counts").Sum();
        var since = Stopwatch.GetTimestamp();
        await stage.Kill();
        Assert.All(pids, pid => Assert.True(Directory.Exists($"/proc/{pid}"), "an agent died with the service"));
        await File.WriteAllTextAsync(Path.Combine(stage.Root, "away"), "");
        await Stage.Until(() => Task.FromResult(Directory.GetFiles(Path.Combine(stage.Root, "ended")).Length == Agents / 2), "half of the agents have ended");
        await Stage.Until(() => Task.FromResult(Supervisors(stage).Count == Agents / 2), "their supervisors, too");
        await stage.Up();
        var (away, atReturn) = (Stopwatch.GetElapsedTime(since), Numbers(stage, "counts").Sum());
        Assert.All(Enumerable.Range(1, Agents).Where(n => n % 2 == 1), n => Assert.True(Directory.Exists($"/proc/{pids[n - 1]}"), $"agent {n} is gone"));
        Assert.Subset(supervisors.ToHashSet(), Supervisors(stage).ToHashSet());
        await File.WriteAllTextAsync(Path.Combine(stage.Root, "back"), "");

        long lines = 0;
        for (var n = 1; n <= Agents; n++)
        {
            var task = await stage.Ended(tasks[n - 1]);
            Assert.Equal((n == 7 ? Status.NeedsReview : Status.Success, 1), (task.Status, task.Attempts));
            if (n == 7) Assert.Contains("exit code 7", task.Error!.Detail, StringComparison.Ordinal);
            var count = (int)Numbers(stage, "ended", n).Single();
            if (n != 7) Assert.Equal($"{count}", await stage.Git(repo, "show", $"{task.Branch}:count"));
            Assert.Equal(Enumerable.Range(1, count).Select(i => $"line {i}"), await Lines(stage, task.Id));
            lines += count;
        }

        Assert.Equal(pids, Pids(stage));
        TestContext.Current.SendDiagnosticMessage(
            "{0} agents, killed after {1} lines, away for {2:0.0} s in which they printed {3}; {4} lines in all, none missing or twice", Agents, atKill, away.TotalSeconds, atReturn - atKill, lines);
    }

    [Fact]
    public async Task An_agent_whose_task_was_aborted_just_before_the_kill_is_stopped_when_it_is_found()
    {
        await using var stage = new Stage();
        var pids = Path.Combine(stage.Root, "pids");
        // Doesn't go when asked politely, so that the kill comes before its end.
        stage.Agent("stubborn", $"trap '' TERM; echo $$ >> {pids}; while :; do sleep 0.1; done");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var id = (await stage.Start(repo, "Never end", "--agent", "stubborn", "--ci", "true")).Id;
        await Stage.Until(() => Task.FromResult(File.Exists(pids) && File.ReadAllText(pids).EndsWith('\n')), "the agent runs");

        var run = Assert.Single(Directory.GetDirectories(Path.Combine(stage.Data, "runs")));
        // The supervisor stands still: what the service asked of it before it died is not done yet when the next one comes.
        var supervisor = new RunFolder(run).Info!.Pid;
        _ = Native.kill(supervisor, Native.SIGSTOP);
        Assert.Equal(0, (await stage.Ampx("abort", id)).Code);
        await stage.Kill();
        File.Delete(Path.Combine(run, RunFiles.Stop));
        _ = Native.kill(supervisor, 18);
        Assert.True(Directory.Exists($"/proc/{File.ReadAllText(pids).Trim()}"), "the agent had ended already");
        await stage.Up();

        Assert.Equal(Status.Aborted, (await stage.Ended(id)).Status);
        Assert.False(Directory.Exists($"/proc/{File.ReadAllText(pids).Trim()}"));
        await Stage.Until(() => Task.FromResult(!Directory.Exists(run)), "its folder is gone");
    }

    [Fact]
    public async Task An_agent_whose_task_has_gone_on_without_it_is_stopped_when_it_is_found()
    {
        await using var stage = new Stage();
        var pids = Path.Combine(stage.Root, "pids");
        stage.Agent("second", $"echo $$ >> {pids}; [ $(wc -l < {pids}) -gt 1 ] || while :; do sleep 0.1; done; echo 42 > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var id = (await stage.Start(repo, "Write the answer", "--agent", "second", "--ci", "true")).Id;
        await stage.Until(id, task => task.Phase is Phase.Agent);
        await Stage.Until(() => Task.FromResult(File.Exists(pids) && File.ReadAllText(pids).EndsWith('\n')), "the agent runs");
        await stage.Kill();

        // Another worker has it, says the database now: that one is never heard of again, and the task is given to a third run.
        var forgotten = Assert.Single(Directory.GetDirectories(Path.Combine(stage.Data, "runs")));
        await File.WriteAllTextAsync(Path.Combine(stage.Data, "worker-id"), "worker-restored");
        stage.Environment["Ampx__Workers__LeaseTime"] = "00:00:05";
        await stage.Up();

        var task = await stage.Ended(id);
        Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
        var both = File.ReadAllLines(pids);
        Assert.Equal(2, both.Length);
        Assert.All(both, pid => Assert.False(Directory.Exists($"/proc/{pid}")));
        Assert.False(Directory.Exists(forgotten));
    }

    private static async Task<List<string>> Lines(Stage stage, string id)
    {
        var lines = new List<string>();
        for (long after = 0; ;)
        {
            var page = await stage.Get<LogPage>($"tasks/{id}/logs?source=agent&limit=1000&after={after}");
            if (page.Entries.Count == 0) return lines;
            lines.AddRange(page.Entries.Select(entry => entry.Text));
            after = page.NextAfter;
        }
    }

    /// <summary>What each agent has noted in that folder; 0 for one that hasn't, or is just about it.</summary>
    private static List<long> Numbers(Stage stage, string folder, int? only = null) =>
        [.. Enumerable.Range(only ?? 1, only is null ? Agents : 1).Select(n => Path.Combine(stage.Root, folder, $"{n}"))
            .Select(file => File.Exists(file) && long.TryParse(File.ReadAllText(file).Trim(), CultureInfo.InvariantCulture, out var number) ? number : 0)];

    /// <summary>A second line would be a second process.</summary>
    private static List<string> Pids(Stage stage) => [.. Enumerable.Range(1, Agents).Select(n => File.ReadAllText(Path.Combine(stage.Root, "pids", $"{n}")).Trim())];

    private static List<int> Supervisors(Stage stage) =>
        [.. Directory.GetDirectories(Path.Combine(stage.Data, "runs")).Select(path => new RunFolder(path)).Where(run => run.State is RunState.Running).Select(run => run.Info!.Pid)];
}
