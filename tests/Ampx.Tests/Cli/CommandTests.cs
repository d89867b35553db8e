using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>The real program against a service's stand-in: what it prints, and what the shell is told.</summary>
public sealed class CommandTests : IAsyncLifetime
{
    private readonly CliHome _home = new();
    private StandIn _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await StandIn.Start();
        _home.Environment["AMPX_SERVER"] = _server.Url;
        _home.Environment["AMPX_TOKEN"] = StandIn.Token;
    }

    public ValueTask DisposeAsync()
    {
        _home.Dispose();
        return _server.DisposeAsync();
    }

    [Fact]
    public async Task A_list_on_a_pipe_is_plain_columns()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample();
        var result = await _home.Run("ls");
        Assert.Equal((0, "ID      STATUS   TRY  REPO       AGE  TASK\nAK3F9Q  running  1/3  acme/shop  5m   Fix the login\n", ""), (result.Exit, result.Out, result.Error));
    }

    [Fact]
    public async Task A_task_that_waits_shows_its_place()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.Queued, phase: Phase.WaitingForWorker) with { QueuePosition = 3 };
        Assert.Equal("ID      STATUS     TRY  REPO       AGE  TASK\nAK3F9Q  queued #3  1/3  acme/shop  5m   Fix the login\n", (await _home.Run("ls")).Out);
        Assert.Contains("\nqueue         #3, 2 before it\n", (await _home.Run("show", "k3f9q")).Out, StringComparison.Ordinal);
        Assert.Equal(3, (int?)(await _home.Run("ls", "--json")).Json["tasks"]![0]!["queue_position"]);
    }

    [Fact]
    public async Task A_watched_list_is_told_of_a_place_that_moved()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.Queued, phase: Phase.WaitingForWorker) with { QueuePosition = 3 };
        using var client = new Ampx.Cli.AmpxClient(new(new Uri(_server.Url), StandIn.Token));
        await using var pages = new Ampx.Cli.TaskWatch(client, TimeProvider.System).Many(new(), TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await pages.MoveNextAsync());
        _server.Tasks[StandIn.Id] = _server.Tasks[StandIn.Id] with { QueuePosition = 2 };
        Assert.True(await pages.MoveNextAsync());
        Assert.Equal(2, pages.Current[0].QueuePosition);
    }

    [Fact]
    public async Task Stats_print_tasks_queue_and_workers()
    {
        _server.Workers.Add(new("worker-a", 2, 1, true, TimeProvider.System.GetUtcNow().AddHours(-2)));
        var result = await _home.Run("stats");
        Assert.Equal(
            (0, "tasks  3 queued, 1 running\nqueue  2 for an agent, 1 for CI\n\nWORKER    SLOTS  BUSY  SEEN    STATE\nworker-a  2      1     2h ago  draining\n", "Every worker is draining: nothing new starts until one restarts.\n"),
            (result.Exit, result.Out, result.Error));
        Assert.Equal(["tasks", "queue", "workers", "series"], (await _home.Run("stats", "--json")).Json.AsObject().Select(field => field.Key));
    }

    [Fact]
    public async Task A_drain_waits_for_the_runs_at_work_and_tells_what_changes()
    {
        _server.Workers.Add(new("worker-a", 2, 2, false, TimeProvider.System.GetUtcNow()));
        foreach (var running in (int[])[2, 2, 1, 0]) _server.Running.Enqueue(running);
        var result = await _home.Run("drain");
        Assert.Equal((0, "worker-a is drained; it can be stopped.\n", "Draining worker-a: 2 runs at work\n1 run at work\n"), (result.Exit, result.Out, result.Error));
        Assert.Equal("""{"name":"worker-a","draining":true,"running":0}""" + "\n", (await _home.Run("drain", "worker-a", "--json")).Out);
    }

    [Fact]
    public async Task A_drain_without_a_name_wants_one_worker_and_a_wrong_name_is_wrong_usage()
    {
        var none = await _home.Run("drain");
        Assert.Equal((1, ""), (none.Exit, none.Out));
        _server.Workers.Add(new("worker-a", 2, 2, false, TimeProvider.System.GetUtcNow()));
        _server.Workers.Add(new("worker-b", 2, 2, false, TimeProvider.System.GetUtcNow()));
        var two = await _home.Run("drain");
        Assert.Equal((2, "ampx: Which one? There are 2 workers: worker-a, worker-b\nName it: ampx drain NAME\n"), (two.Exit, two.Error));
        var wrong = await _home.Run("drain", "worker-x");
        Assert.Equal((2, "ampx: there is no worker 'worker-x'; there are: worker-a\n'ampx stats' lists the workers.\n"), (wrong.Exit, wrong.Error));
    }

    [Fact]
    public async Task An_interrupted_drain_says_that_it_goes_on()
    {
        _server.Workers.Add(new("worker-a", 2, 1, false, TimeProvider.System.GetUtcNow()));
        _server.Running.Enqueue(1);
        using var drain = _home.Start(["drain"]);
        Assert.Equal("Draining worker-a: 1 run at work", await drain.StandardError.ReadLineAsync());
        Assert.Equal(0, Kill(drain.Id, 2));
        await drain.WaitForExitAsync();
        Assert.Equal((130, "worker-a goes on draining until it restarts: no new runs; those at work go on.\n"), (drain.ExitCode, await drain.StandardError.ReadToEndAsync()));
    }

    [Fact]
    public async Task An_empty_list_says_how_to_begin_and_prints_nothing()
    {
        var result = await _home.Run("list");
        Assert.Equal((0, ""), (result.Exit, result.Out));
        Assert.Contains("ampx start", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ls", "--json")]
    [InlineData("--json", "ls")]
    public async Task Json_is_one_document_wherever_the_option_stands(params string[] words)
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample();
        var result = await _home.Run(words);
        Assert.Equal("running", (string?)result.Json["tasks"]![0]!["status"]);
        Assert.Equal(["tasks", "next_cursor"], result.Json.AsObject().Select(field => field.Key));
        Assert.Equal("", result.Error);
    }

    [Theory]
    [InlineData(null, "acme/shop", "--issue", "12", "--auto-merge")]
    [InlineData(null, "--repo", "acme/shop", "--issue", "12", "--auto-merge")]
    [InlineData("Only the server", "acme/shop", "Only the server", "--issue", "12", "--auto-merge")]
    [InlineData("Only the server", "--repo", "acme/shop", "--issue", "12", "--task", "Only the server", "--auto-merge")]
    public async Task An_issue_may_stand_for_the_task(string? prompt, params string[] words)
    {
        var result = await _home.Run(["start", .. words]);
        Assert.True(result.Exit == 0, result.Error);
        var sent = JsonNode.Parse(_server.Seen.Single(seen => seen.What == "POST /api/v1/tasks").Body)!;
        Assert.Equal(("acme/shop", prompt, 12, true), ((string?)sent["repo"], (string?)sent["prompt"], (int?)sent["issue"], (bool?)sent["auto_merge"]));
    }

    [Fact]
    public async Task A_start_sends_what_was_said_and_prints_where_to_look()
    {
        var result = await _home.Run("start", "acme/shop", "Fix the login", "--base", "dev", "--max-attempts", "5", "--max-time", "90m", "--draft");
        Assert.Equal(0, result.Exit);
        Assert.StartsWith("AK3F9Q  queued on branch amp/fix-the-login-tak3f9q\n", result.Out, StringComparison.Ordinal);
        var sent = JsonNode.Parse(_server.Seen.Single(seen => seen.What == "POST /api/v1/tasks").Body)!;
        Assert.Equal(
            ("acme/shop", "Fix the login", "dev", 5, "01:30:00", true),
            ((string?)sent["repo"], (string?)sent["prompt"], (string?)sent["base"], (int)sent["max_attempts"]!, (string?)sent["max_time"], (bool)sent["draft"]!));
    }

    [Fact]
    public async Task The_instruction_can_come_from_stdin_and_a_path_is_made_absolute()
    {
        var result = await _home.Run("First line\nsecond\n", ["start", "--repo", "./shop", "--task", "-", "--json"]);
        Assert.Equal((Path.Combine(_home.Folder, "shop"), "First line\nsecond"), ((string?)result.Json["repo"], (string?)result.Json["prompt"]));
    }

    [Fact]
    public async Task Waiting_ends_with_the_task_and_tells_the_shell_how()
    {
        var starting = _home.Run("start", "acme/shop", "Fix it", "--wait", "--json");
        await Until(() => _server.Tasks.ContainsKey(StandIn.Id));
        _server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.NeedsReview, phase: Phase.Done, version: 9);
        var result = await starting;
        Assert.Equal((1, "needs_review"), (result.Exit, (string?)result.Json["status"]));
        _server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.Success, phase: Phase.Done, version: 10);
        Assert.Equal(0, (await _home.Run("wait", "k3f9q")).Exit);
    }

    [Fact]
    public async Task An_interrupted_wait_says_that_the_task_goes_on()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample();
        using var wait = _home.Start(["wait", "k3f9q"]);
        Assert.Contains("waiting for CI", await wait.StandardError.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal(0, Kill(wait.Id, 2));
        await wait.WaitForExitAsync();
        Assert.Equal((130, "Task k3f9q goes on."), (wait.ExitCode, (await wait.StandardError.ReadToEndAsync()).Trim()));
    }

    [Fact]
    public async Task A_wait_has_an_end()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample();
        var result = await _home.Run("wait", "k3f9q", "--timeout", "1s");
        Assert.Equal(1, result.Exit);
        Assert.EndsWith("ampx: Not ended within 1s; the task goes on.\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_followed_log_has_each_line_once_over_a_broken_connection()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.Success, phase: Phase.Done);
        Lines(300);
        _server.BreakAfter = 120;
        var result = await _home.Run("logs", "-f", "k3f9q", "--json");
        Assert.Equal(0, result.Exit);
        var numbers = result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => (int)JsonNode.Parse(line)!["seq"]!);
        Assert.Equal(Enumerable.Range(1, 300), numbers);
    }

    [Fact]
    public async Task A_followed_tail_begins_there()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample(status: Status.Success, phase: Phase.Done);
        Lines(10);
        var result = await _home.Run("logs", "-f", "k3f9q", "--tail", "2");
        Assert.Equal("12:00:00 agent  line 9\n12:00:00 agent  line 10\n", result.Out);
    }

    [Fact]
    public async Task All_pages_of_a_log_are_read_and_escape_sequences_are_not_shown()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample();
        Lines(2500);
        _server.Log[0] = _server.Log[0] with { Text = "\e[31mred\e[0m\a" };
        var result = await _home.Run("logs", "k3f9q");
        Assert.Equal(2500, result.Out.Count(letter => letter == '\n'));
        Assert.StartsWith("12:00:00 agent  red\n", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_goes_ends_the_program_quietly()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample();
        Lines(20_000);
        using var logs = _home.Start(["logs", "k3f9q"]);
        await logs.StandardOutput.ReadLineAsync();
        logs.StandardOutput.Close();
        await logs.WaitForExitAsync();
        Assert.Equal((0, ""), (logs.ExitCode, await logs.StandardError.ReadToEndAsync()));
    }

    [Fact]
    public async Task Feedback_is_printed_to_the_letter()
    {
        const string told = "CI failed.\n\n  expected IV,\tactual IIII\n";
        _server.Attempts.Add(new Attempt { Number = 1, Instruction = "x" });
        _server.Attempts.Add(new Attempt { Number = 2, Instruction = "x", Feedback = told });
        Assert.Equal(told, (await _home.Run("logs", "k3f9q", "--feedback")).Out);
        Assert.Equal(1, (await _home.Run("logs", "k3f9q", "--feedback", "--attempt", "1")).Exit);
        Assert.Contains("There is no attempt 9", (await _home.Run("logs", "k3f9q", "--feedback", "--attempt", "9")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_ids_each_is_tried()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample();
        var result = await _home.Run("abort", "k3f9q", "zzzzzz");
        Assert.Equal((1, "AK3F9Q  aborted: stopping the agent\n", "zzzzzz  there is no task 'zzzzzz'\n"), (result.Exit, result.Out, result.Error));
    }

    [Fact]
    public async Task Show_has_everything_on_a_page()
    {
        _server.Tasks[StandIn.Id] = StandIn.Sample();
        _server.Attempts.Add(new Attempt { Number = 1, Instruction = "x", Outcome = "red", Ci = new("red", [new(7, "build", "https://ci/7", "failure", [new("test", "failure", "Run tests", null)])]) });
        var text = (await _home.Run("show", "k3f9q")).Out;
        foreach (var part in (string[])["AK3F9Q  running", "    and its test", "repository    acme/shop", "amp, thread T-1", "failure  test, in step 'Run tests'", "created by ada"])
            Assert.Contains(part, text, StringComparison.Ordinal);
        Assert.DoesNotContain("\e[", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_dashboard_and_version_print_their_data()
    {
        Assert.Equal("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n", (await _home.Run("diff", "k3f9q")).Out);
        Assert.Equal($"{_server.Url}/signin?code=abc&to=%2Fdashboard\n", (await _home.Run("dashboard")).Out);
        Assert.Equal("""{"version":"0.1.0","server_version":"0.1.0"}""" + "\n", (await _home.Run("version", "--json")).Out);
    }

    private void Lines(int count)
    {
        var noon = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
        _server.Log.AddRange(Enumerable.Range(1, count).Select(number => new LogEntry(number, noon, "agent", 1, "out", $"line {number}")));
    }

    private static async Task Until(Func<bool> seen)
    {
        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!seen()) await Task.Delay(20, late.Token);
    }

#pragma warning disable SYSLIB1054 // Generated marshalling would need unsafe code in the whole project.
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int pid, int signal);
#pragma warning restore SYSLIB1054
}
