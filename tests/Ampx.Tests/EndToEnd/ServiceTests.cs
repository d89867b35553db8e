using System.Text.RegularExpressions;
using Ampx.Cli.Commands.Demo;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Up, down and demo as people run them.</summary>
public sealed partial class ServiceTests
{
    [Fact]
    public async Task The_demo_ends_merged_after_two_attempts()
    {
        await using var stage = new Stage();
        stage.Environment.Remove("Ampx__DataDirectory");
        // Its agent pauses for those who read along.
        stage.Environment["Ampx__Agents__demo__Environment__AMPX_DEMO_PAUSE"] = "0";
        var (code, output, errors) = await stage.Ampx("demo");
        Assert.True(code == 0, errors);
        Assert.Contains("merged after 2 attempts", output, StringComparison.Ordinal);
        Assert.Contains("agent is not", output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Ampx-Task:", output, StringComparison.Ordinal);
        // Its bar counts these.
        Assert.Equal(DemoView.Steps, Step().Count(output));
    }

    [Fact]
    public async Task Down_leaves_the_agent_at_work_up_takes_it_up_again_and_no_line_is_lost()
    {
        await using var stage = new Stage();
        var go = Path.Combine(stage.Root, "go");
        var pid = Path.Combine(stage.Root, "pid");
        stage.Agent("slow", $"""
            echo $$ > {pid}
            i=0
            while [ ! -e {go} ] || [ $i -lt 100 ]; do i=$((i+1)); echo "line $i"; [ -e {go} ] || sleep 0.02; done
            echo $i > lines
            """);
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var id = (await stage.Start(repo, "Be slow", "--agent", "slow", "--ci", "true")).Id;
        await Stage.Until(() => Task.FromResult(File.Exists(pid)), "the agent runs");

        var down = await stage.Ampx("down", "--data", stage.Data);
        Assert.True(down.Code == 0, down.Err);
        var agent = File.ReadAllText(pid).Trim();
        Assert.True(Directory.Exists($"/proc/{agent}"), "the agent died with the service");
        await stage.Up();
        File.WriteAllText(go, "");

        var task = await stage.Ended(id);
        Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
        Assert.Equal(agent, File.ReadAllText(pid).Trim());
        var count = int.Parse(await stage.Git(repo, "show", $"{task.Branch}:lines"), System.Globalization.CultureInfo.InvariantCulture);
        var (_, log, refused) = await stage.Ampx("logs", id, "--source", "agent", "--json", "--tail", "10000");
        Assert.True(log.Contains("entries", StringComparison.Ordinal), log + refused);
        Assert.Equal(Enumerable.Range(1, count).Select(i => $"line {i}"), Lines(log));
    }

    [Fact]
    public async Task The_folder_that_it_is_called_in_is_neither_read_nor_watched()
    {
        await using var stage = new Stage();
        File.WriteAllText(Path.Combine(stage.Root, "appsettings.json"), "{ of another program");
        await stage.Up();
        var (code, output, errors) = await stage.Ampx("ls");
        Assert.True(code == 0, output + errors);
        Assert.DoesNotContain(Directory.EnumerateFiles($"/proc/{stage.ServicePid}/fdinfo"), about => File.ReadAllText(about).Contains("inotify", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_script_that_reads_what_up_detached_prints_goes_on_while_the_service_lives()
    {
        await using var stage = new Stage();
        // Reads both outputs to their ends, as $(ampx up --detach 2>&1) does.
        var (code, output, errors) = await stage.Ampx("up", "--detach", "--port", "0", "--data", stage.Data);
        Assert.True(code == 0, errors);
        Assert.Contains("stop      ampx down", output, StringComparison.Ordinal);
        var down = await stage.Ampx("down", "--data", stage.Data);
        Assert.Equal((0, "Stopped; no agent was at work.\n"), (down.Code, down.Out));
    }

    [Fact]
    public async Task Down_with_stop_agents_ends_them_and_their_tasks_go_on_later()
    {
        await using var stage = new Stage();
        var pids = Path.Combine(stage.Root, "pids");
        stage.Agent("twice", $"echo $$ >> {pids}; [ $(wc -l < {pids}) -gt 1 ] || sleep 600; echo 1 > file");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var id = (await stage.Start(repo, "Be slow", "--agent", "twice", "--ci", "true")).Id;
        await Stage.Until(() => Task.FromResult(File.Exists(pids)), "the agent runs");

        var down = await stage.Ampx("down", "--data", stage.Data, "--stop-agents");
        Assert.True(down.Code == 0, down.Err);
        Assert.False(Directory.Exists($"/proc/{File.ReadAllLines(pids)[0]}"));
        await stage.Up();
        var task = await stage.Ended(id);
        Assert.Equal((Status.Success, 1), (task.Status, task.Attempts));
    }

    [Fact]
    public async Task Down_with_stop_agents_reaches_a_service_that_a_script_started_in_the_background()
    {
        // Shells without job control have such a one ignore SIGINT and SIGQUIT.
        await using var stage = new Stage();
        var (code, output, errors) = await stage.Script("""
            "$AMPX" up --port 0 --data "$DATA" > "$DATA.log" 2>&1 &
            until [ -e "$DATA/service.json" ]; do sleep 0.1; done
            "$AMPX" down --data "$DATA" --stop-agents
            wait
            """);
        Assert.True((code, output) == (0, "Stopped.\n"), $"{code}: {output}{errors}");
    }

    [Fact]
    public async Task A_link_signs_a_browser_in_to_the_dashboard_once()
    {
        await using var stage = new Stage();
        await stage.Up();
        var (code, output, errors) = await stage.Ampx("dashboard");
        Assert.True(code == 0, errors);
        var link = output.Split().Single(word => word.StartsWith("http", StringComparison.Ordinal));
        using var browser = new HttpClient();
        using var page = await browser.GetAsync(link);
        Assert.EndsWith("/dashboard", page.RequestMessage!.RequestUri!.AbsolutePath.TrimEnd('/'), StringComparison.Ordinal);
        Assert.Contains("<html", await page.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
        using var stranger = new HttpClient();
        using var again = await stranger.GetAsync(link);
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, again.StatusCode);
    }

    private static IEnumerable<string> Lines(string log) =>
        System.Text.Json.JsonDocument.Parse(log).RootElement.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("text").GetString()!);

    [GeneratedRegex(@"^ +[0-9.]+s  [a-z]+ ", RegexOptions.Multiline)]
    private static partial Regex Step();
}
