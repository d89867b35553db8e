using System.Text.RegularExpressions;
using Ampx.Cli.Output;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>What moves, and what must not, on terminals of all kinds.</summary>
public sealed partial class TerminalTests(RowStage stage) : IClassFixture<RowStage>
{
    [Fact]
    public async Task A_watched_list_changes_in_place_and_ctrl_c_leaves_it_and_the_cursor()
    {
        stage.Reset();
        var seen = await stage.Home.OnTerminal(["ls", "-w"], meanwhile: async terminal =>
        {
            await Until(() => terminal.Seen.Contains("running", StringComparison.Ordinal));
            stage.Server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.NeedsReview, phase: Phase.Done, version: 9) with { Prompt = "Look at this" };
            await Until(() => terminal.Seen.Contains("Look at this", StringComparison.Ordinal));
            terminal.Press("\u0003");
        });
        var lines = seen.Screen.ToString().Split('\n');
        Assert.Equal(130, seen.Exit);
        Assert.True(seen.Screen.CursorShown);
        Assert.Single(lines, line => line.StartsWith("AK3F9Q", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("needs_review", StringComparison.Ordinal) && line.Contains("Look at this", StringComparison.Ordinal));
        Assert.Contains("No longer watching; the tasks go on.", lines);
    }

    [Fact]
    public async Task An_awaited_task_is_one_line_that_is_painted_over()
    {
        stage.Reset();
        var seen = await stage.Home.OnTerminal(["wait", "tak3f9q"], meanwhile: async terminal =>
        {
            // The phase is in every frame; the log's last line may take the summary's place before the first.
            await Until(() => terminal.Seen.Contains("waiting for ci · 1/3", StringComparison.Ordinal));
            stage.Server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.Success, phase: Phase.Done, version: 9) with { Summary = "CI is green" };
        });
        Assert.Equal((0, "{32}success{/}  AK3F9Q  CI is green\n"), (seen.Exit, seen.Screen.ToString()));
    }

    [Theory]
    [InlineData("jobs", 3, 5, "{34}CI{/} 1/3 · 5m", "4/5 jobs, ")]
    [InlineData("objects", 1200, 2750, "{34}cloning{/} 1/3 · 5m", "2000/2750 objects, ")]
    public async Task An_awaited_task_with_a_known_end_has_a_bar_with_count_rate_and_time_left(string unit, long done, long total, string where, string later)
    {
        stage.Reset();
        var sample = StandIn.Sample(phase: unit == "jobs" ? Phase.WaitingForCi : Phase.Preparing);
        stage.Server.Tasks[StandIn.Id] = sample with { Progress = new(unit, done, total) };
        var seen = await stage.Home.OnTerminal(["wait", "tak3f9q"], meanwhile: async terminal =>
        {
            await Until(() => terminal.Seen.Contains($"{done}/{total} {unit}", StringComparison.Ordinal));
            stage.Server.Tasks[StandIn.Id] = sample with { Progress = new(unit, long.Parse(later.Split('/')[0], null), total) };
            await Until(() => terminal.Seen.Contains(" left", StringComparison.Ordinal));
            var lines = terminal.Seen.Split('\r').Select(line => Screen.Of(line).ToString().TrimEnd()).ToList();
            var last = lines.Last(line => line.Contains(" left", StringComparison.Ordinal));
            Assert.Contains(where, last, StringComparison.Ordinal);
            Assert.Contains("━", last, StringComparison.Ordinal);
            Assert.Contains(later, last, StringComparison.Ordinal);
            Assert.Matches("/(s|min), ", last);
            Assert.All(lines, line => Assert.InRange(Plain.Width(Marks().Replace(line, "")), 0, 79));
            stage.Server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.Success, phase: Phase.Done, version: 9) with { Summary = "CI is green" };
        });
        Assert.Equal((0, "{32}success{/}  AK3F9Q  CI is green\n"), (seen.Exit, seen.Screen.ToString()));
    }

    [Fact]
    public async Task On_a_pipe_nothing_is_told_of_progress()
    {
        stage.Reset();
        stage.Server.Tasks[StandIn.Id] = StandIn.Sample() with { Progress = new("jobs", 3, 5) };
        var waiting = stage.Home.Run("wait", "tak3f9q");
        await Until(() => stage.Server.Seen.Any(call => call.What.Contains("/tasks/stream", StringComparison.Ordinal)));
        stage.Server.Tasks[StandIn.Id] = StandIn.Sample() with { Progress = new("jobs", 4, 5) };
        stage.Server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.Success, phase: Phase.Done, version: 9) with { Summary = "CI is green" };
        var result = await waiting;
        Assert.Equal((0, "success  AK3F9Q  CI is green\n"), (result.Exit, result.Out));
        Assert.DoesNotContain("jobs", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_with_a_known_end_has_a_bar_with_its_count_which_is_gone_afterwards()
    {
        stage.Reset();
        stage.Server.Running.Clear();
        foreach (var running in (int[])[3, 1, 1, 0]) stage.Server.Running.Enqueue(running);
        var bar = "";
        var seen = await stage.Home.OnTerminal(["drain", "worker-a"], meanwhile: async terminal =>
        {
            await Until(() => terminal.Seen.Contains("2/3 runs", StringComparison.Ordinal));
            bar = terminal.Seen;
        });
        Assert.Contains("━", bar, StringComparison.Ordinal);
        Assert.Equal((0, "Draining worker-a: 3 runs at work\nworker-a is drained; it can be stopped.\n"), (seen.Exit, seen.Screen.ToString()));
    }

    [Theory]
    [InlineData("NO_COLOR", "1")]
    [InlineData("TERM", "dumb")]
    public async Task A_terminal_without_colour_gets_none_and_a_dumb_one_no_sequence_at_all(string name, string value)
    {
        stage.Reset();
        stage.Home.Environment[name] = value;
        try
        {
            foreach (var words in (string[][])[["ls"], ["show", "tak3f9q"], ["logs", "tak3f9q"], ["drain", "worker-a"], ["ls", "--help"]])
            {
                stage.Reset();
                using var terminal = new Pty();
                using var ampx = stage.Home.Start(words, terminal: terminal.Path);
                await ampx.WaitForExitAsync(TestContext.Current.CancellationToken);
                var seen = await terminal.End();
                Assert.DoesNotContain('{', Screen.Of(seen).ToString());
                if (name == "TERM") Assert.DoesNotContain('\e', seen);
            }
        }
        finally
        {
            stage.Home.Environment.Remove(name);
        }
    }

    [Theory]
    [InlineData(30)]
    [InlineData(44)]
    [InlineData(60)]
    [InlineData(120)]
    public async Task A_list_fits_every_width_and_keeps_ids_and_statuses(int columns)
    {
        stage.Reset();
        var seen = (await stage.Home.OnTerminal(["ls", "--all"], columns)).Screen;
        Assert.InRange(seen.Widest, 0, columns);
        var lines = seen.ToString().TrimEnd('\n').Split('\n');
        Assert.Equal(4, lines.Length);
        foreach (var word in (string[])["AK3F9Q", "BBBBBB", "CCCCCC", "running", "success", "needs_review"]) Assert.Contains(lines, line => line.Contains(word, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_service_of_another_release_line_is_named_once_and_a_patch_is_not()
    {
        stage.Reset();
        try
        {
            stage.Server.Version = "7.3.0";
            var other = await stage.Home.Run("show", "tak3f9q");
            Assert.Equal((0, $"warning: this is ampx 0.1.0, the service at {stage.Server.Url} is 7.3.0: update the older of the two.\n"), (other.Exit, other.Error));
            stage.Server.Version = "0.1.9";
            Assert.Equal("", (await stage.Home.Run("show", "tak3f9q")).Error);
        }
        finally
        {
            stage.Server.Version = "0.1.0";
        }
    }

    /// <summary>A screen's marks for colours.</summary>
    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Marks();

    private static async Task Until(Func<bool> seen)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!seen()) await Task.Delay(20, late.Token);
    }
}
