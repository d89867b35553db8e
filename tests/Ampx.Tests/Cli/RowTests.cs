using System.Text;
using System.Text.RegularExpressions;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Cli;

/// <summary>Each row of the command line, as a process of its own: stdout, stderr and exit code on a pipe, and what is seen on a terminal of 80 columns.</summary>
public sealed partial class RowTests(RowStage stage) : IClassFixture<RowStage>
{
    [Theory]
    [InlineData("list", "ls")]
    [InlineData("list-all", "list", "--all", "--limit", "3")]
    [InlineData("list-json", "ls", "--json", "--limit", "1")]
    [InlineData("show", "show", "tak3f9q")]
    [InlineData("logs", "logs", "tak3f9q", "--tail", "4")]
    [InlineData("logs-follow", "logs", "-f", "tbbbbbb", "--source", "agent,ci")]
    [InlineData("feedback", "logs", "tbbbbbb", "--feedback")]
    [InlineData("start", "start", "acme/shop", "Fix the login")]
    [InlineData("start-wait", "start", "acme/shop", "Fix the login", "--wait")]
    [InlineData("start-nothing", "start", "acme/shop")]
    [InlineData("continue", "continue", "tak3f9q", "-m", "And its test")]
    [InlineData("abort", "abort", "tak3f9q", "tbbbbbb", "zzzzzz")]
    [InlineData("merge", "merge", "tbbbbbb")]
    [InlineData("continue-wait", "continue", "tbbbbbb", "--wait")]
    [InlineData("wait-nothing", "wait")]
    [InlineData("wait", "wait", "tbbbbbb", "tcccccc")]
    [InlineData("diff", "diff", "tbbbbbb")]
    [InlineData("open", "open", "tbbbbbb")]
    [InlineData("open-nothing", "open", "tak3f9q")]
    [InlineData("rm", "rm", "tbbbbbb", "tak3f9q")]
    [InlineData("rm-at-work", "rm", "tak3f9q")]
    [InlineData("dashboard", "dashboard")]
    [InlineData("board", "board")]
    [InlineData("board-json", "board", "--json")]
    [InlineData("stats", "stats")]
    [InlineData("drain", "drain", "worker-a")]
    [InlineData("doctor", "doctor")]
    [InlineData("admin-check", "admin", "check")]
    [InlineData("admin-backup", "admin", "backup", "kept.tar.gz", "--force")]
    [InlineData("admin-restore-nothing", "admin", "restore", "missing.tar.gz", "--data", "elsewhere")]
    [InlineData("version", "version")]
    [InlineData("token-list", "token", "list")]
    [InlineData("token-create", "token", "create", "nightly", "--user", "ci-bot", "--role", "viewer", "--expires", "90d")]
    [InlineData("token-create-wrong", "token", "create", "nightly", "--role", "viewr")]
    [InlineData("token-revoke", "token", "revoke", "laptop", "7xw2m4")]
    [InlineData("token-revoke-unknown", "token", "revoke", "desk")]
    [InlineData("login", "login", "SERVER", "--token", "secret")]
    [InlineData("login-refused", "login", "SERVER", "--token", "wrong")]
    [InlineData("config-list", "config", "list")]
    [InlineData("config-get", "config", "get", "server")]
    [InlineData("config-set", "config", "set", "server", "https://other.example.com")]
    [InlineData("completion", "completion", "fish")]
    [InlineData("completion-wrong", "completion", "tcsh")]
    [InlineData("help", "--help")]
    [InlineData("help-list", "ls", "--help")]
    [InlineData("help-wait", "help", "wait")]
    [InlineData("help-admin", "admin", "--help")]
    [InlineData("ambiguous", "show", "01JD")]
    [InlineData("unknown-task", "show", "zzzzzz")]
    [InlineData("unknown-command", "shwo", "tak3f9q")]
    [InlineData("not-signed-in", "ls", "--token", "wrong")]
    [InlineData("no-service", "ls", "--server", "http://127.0.0.1:1")]
    [InlineData("down-nothing", "down")]
    public async Task A_row_looks_as_it_did_when_it_was_found_right(string name, params string[] words)
    {
        stage.Reset();
        stage.Server.EndAtOnce = name == "start-wait";
        words = [.. words.Select(word => word == "SERVER" ? stage.Server.Url : word)];
        var piped = await stage.Home.Run(words);
        stage.Reset();
        stage.Server.EndAtOnce = name == "start-wait";
        var seen = await stage.Home.OnTerminal(words);
        Assert.DoesNotContain('\e', piped.Out + piped.Error);
        Assert.True(seen.Screen.CursorShown, "the cursor stays hidden");
        Assert.InRange(seen.Screen.Widest, 0, 80);
        Assert.Equal(piped.Exit, seen.Exit);
        Snapshot.Is(name, new StringBuilder()
            .Append($"$ ampx {Steady(string.Join(' ', words))}\nexit {piped.Exit}\n\n-- stdout on a pipe --\n{Steady(piped.Out)}")
            .Append($"\n-- stderr on a pipe --\n{Steady(piped.Error)}")
            .Append($"\n-- on a terminal --\n{Steady(seen.Screen.ToString())}").ToString());
    }

    /// <summary>Without what differs from run to run and from machine to machine.</summary>
    private string Steady(string text)
    {
        text = text.Replace(stage.Server.Url, "http://127.0.0.1:8080", StringComparison.Ordinal).Replace(stage.Home.Folder, "~", StringComparison.Ordinal);
        return GitVersion().Replace(Clock().Replace(Day().Replace(text, "2026-01-02"), "12:34:56"), "git version 2.0.0");
    }

    [GeneratedRegex(@"(?<=\b|T)\d\d:\d\d:\d\d(\.\d+)?")]
    private static partial Regex Clock();

    [GeneratedRegex(@"\b20\d\d-\d\d-\d\d(?=\b|T)")]
    private static partial Regex Day();

    [GeneratedRegex(@"git version [\w.]+( \([^)]*\))?")]
    private static partial Regex GitVersion();
}

/// <summary>One service's stand-in and one home for all rows; set back before each.</summary>
public sealed class RowStage : IAsyncLifetime
{
    internal CliHome Home { get; } = new();
    internal StandIn Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await StandIn.Start();
        Home.Environment["AMPX_SERVER"] = Server.Url;
        Home.Environment["AMPX_TOKEN"] = StandIn.Token;
        // A loaded machine is no reason for other candidates.
        Home.Environment["AMPX_COMPLETION_TIMEOUT"] = "30s";
    }

    internal void Reset()
    {
        var now = TimeProvider.System.GetUtcNow();
        Home.Write(Path.Combine(Home.Config, "config.json"), """{"server":"https://ampx.example.com","token":"ampx_0123456789abcdef"}""");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(Home.Config, "config.json"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Server.EndAtOnce = false;
        Server.Backup = [.. Enumerable.Repeat((byte)7, 3000)];
        Server.Tasks.Clear();
        Server.Tasks[StandIn.Id] = StandIn.Sample();
        var green = StandIn.Sample("01JD3Z8M4N5P6Q7R8S9TBBBBBB", Status.Success, Phase.Done, 12) with
        {
            Owner = "grace",
            Repo = "https://github.com/acme/warehouse-of-everything.git",
            Prompt = "Teach the importer to read the supplier's new files, which have a header that nobody told us of",
            Summary = "CI is green after 2 attempts",
            Attempts = 2,
            CreatedAt = now.AddHours(-3).AddSeconds(-20),
            FinishedAt = now.AddHours(-2),
            PullRequest = new(17, "https://github.com/acme/warehouse-of-everything/pull/17", PullRequestState.Open, false),
        };
        var review = StandIn.Sample("01JD3Z8M4N5P6Q7R8S9TCCCCCC", Status.NeedsReview, Phase.Done, 20) with
        {
            Prompt = "データベースの接続を直して、テストを書いてください。急ぎません",
            Summary = "CI was red three times: 2 tests fail",
            Attempts = 3,
            CreatedAt = now.AddDays(-2).AddSeconds(-20),
            Error = new("ci_timeout", "CI was red three times: 2 tests fail"),
        };
        foreach (var task in (Core.Api.TaskView[])[green, review]) Server.Tasks[task.Id] = task;
        Server.Log.Clear();
        string[] sources = ["system", "git", "agent", "agent", "ci", "ci"];
        Server.Log.AddRange(sources.Select((source, at) => new LogEntry(at + 1, now, source, at < 3 ? 1 : 2, at == 4 ? "err" : "out", $"line {at + 1} of {source}")));
        Server.Attempts.Clear();
        Server.Attempts.Add(new Attempt { Number = 1, Instruction = "x", Outcome = "red", HeadSha = "abcdef0123456789", StartedAt = now.AddMinutes(-5), FinishedAt = now.AddMinutes(-3) });
        Server.Attempts.Add(new Attempt { Number = 2, Instruction = "x", Outcome = "running", Feedback = "CI failed.\n  expected IV,\tactual IIII\n", StartedAt = now.AddMinutes(-3), FinishedAt = now.AddMinutes(-3).AddSeconds(30) });
        Server.Workers.Clear();
        Server.Workers.Add(new("worker-a", 2, 1, false, now.AddSeconds(-80)));
        Server.Workers.Add(new("worker-b", 4, 0, true, now.AddMinutes(-2).AddSeconds(-20)));
        Server.Running.Clear();
        foreach (var running in (int[])[1, 0]) Server.Running.Enqueue(running);
        Server.Checks = [new("git", true, true, "git 2.39 does all that Ampx needs"), new("agent:amp", false, true, "amp is not signed in on the service's machine, and nothing can start without it", "Set AMP_API_KEY for the service and restart it.")];
    }

    public ValueTask DisposeAsync()
    {
        Home.Dispose();
        return Server.DisposeAsync();
    }
}
