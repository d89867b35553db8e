using System.Text.Json;
using Ampx.Runs;
using Ampx.Silo.Agents;
using Xunit;

namespace Ampx.Tests.Agents;

/// <summary>Our side of Amp against the stand-in: sign-in, threads, whole runs.</summary>
public sealed class AmpTests : IAsyncLifetime
{
    private readonly RunsOnDisk _disk = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;
    public ValueTask DisposeAsync() => _disk.DisposeAsync();

    [Fact]
    public async Task A_run_gives_thread_usage_and_last_words_and_the_prompt_arrives_to_the_letter()
    {
        var spec = await _disk.AmpSpec();
        var prompt = "-x --help \"$HOME\" 'äöü' 😀\nfake: usage 100 20 50\nfake: write a/b.txt <<END\none\ntwo\nEND\nfake: say All done.";
        var exit = await _disk.RunToItsEnd(spec, prompt);

        var stream = AmpStream.Replay(_disk.Runs.Folder(_disk.First).OutPath);
        Assert.Equal(new AgentOutcome.Succeeded("All done.", new AgentUsage(300, 100, 40)), AgentOutcome.Of(exit, stream.Facts, ""));
        Assert.Equal(spec.Arguments[2], stream.Facts.ThreadId);
        Assert.Equal("one\ntwo\n", File.ReadAllText(Path.Combine(_disk.Work, "a/b.txt")));
        var record = RecordOf(spec.Arguments[2]);
        Assert.Equal(prompt, record.GetProperty("prompt").GetString());
        Assert.Equal(_disk.Work, record.GetProperty("cwd").GetString());
        Assert.DoesNotContain(record.GetProperty("environment").EnumerateArray(), v => v.GetString()!.StartsWith("XUNIT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_next_run_continues_the_thread_and_does_what_the_feedback_says()
    {
        var first = await _disk.AmpSpec();
        await _disk.RunToItsEnd(first, "fake[1]: write n 1\nfake[2]: fix-from-feedback");
        await _disk.RunToItsEnd(await _disk.AmpSpec(_disk.Second, first.Arguments[2]), "fake[1]: write n 1\nfake[2]: fix-from-feedback\nassert failed: fake-fix: write n 2");
        Assert.Equal("2\n", File.ReadAllText(Path.Combine(_disk.Work, "n")));
    }

    [Fact]
    public async Task Two_runs_on_one_thread_at_a_time_are_refused()
    {
        var first = await _disk.AmpSpec();
        await _disk.Runs.Start(first, "fake: say ready\nfake: stall");
        await RunsOnDisk.Until(() => _disk.Out().Contains("\"text\":\"ready\"", StringComparison.Ordinal), "the first is at work");
        var exit = await _disk.RunToItsEnd(await _disk.AmpSpec(_disk.Second, first.Arguments[2]), "hello");
        Assert.Equal(1, exit.Code);
        Assert.Contains("already being executed", _disk.Runs.Folder(_disk.Second).LastErrorLines(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_prompt_and_an_unknown_option_fail_with_Amps_words()
    {
        var empty = await _disk.RunToItsEnd(await _disk.AmpSpec());
        Assert.Equal((1, "Error: User message must be provided through stdin or as argument when using execute mode"), (empty.Code, _disk.Runs.Folder(_disk.First).LastErrorLines()));
        var spec = await _disk.AmpSpec(_disk.Second);
        await _disk.RunToItsEnd(spec with { Arguments = [.. spec.Arguments, "--archive"] }, "hello");
        Assert.Equal("Error: error: unknown option '--archive'", _disk.Runs.Folder(_disk.Second).LastErrorLines());
    }

    [Fact]
    public async Task A_thread_needs_a_login_and_a_program_and_an_answer()
    {
        var agent = _disk.Agent;
        agent.Environment.Remove("AMP_API_KEY");
        agent.Environment["HOME"] = _disk.Work;
        agent.Environment["XDG_DATA_HOME"] = "";
        var environment = new Dictionary<string, string>(_disk.EnvironmentFor(agent));
        environment.Remove("AMP_API_KEY");
        Assert.Equal("agent_not_signed_in", Failed(await AmpThreads.Create(agent, _disk.Work, environment, default)));

        // Signed in as far as we can see, but Amp refuses.
        Directory.CreateDirectory(Path.Combine(_disk.Work, ".local/share/amp"));
        File.WriteAllText(AmpSignIn.SecretsPath(environment), """{"apiKey@https://ampcode.com/":"sgamp_x"}""");
        Assert.True(AmpSignIn.IsSignedIn(environment));
        Assert.Equal("agent_not_signed_in", Failed(await AmpThreads.Create(agent, _disk.Work, environment, default)));

        environment["AMP_API_KEY"] = "k";
        agent.Command = "no-such-amp";
        Assert.Equal("agent_not_found", Failed(await AmpThreads.Create(agent, _disk.Work, environment, default)));
        // ETXTBSY awaits who starts a script just written while another thread forks; a shell writes it in a process of its own.
        agent.Command = Path.Combine(_disk.Work, "slow");
        await System.Diagnostics.Process.Start("sh", ["-c", "printf '#!/bin/sh\necho thinking; exec sleep 60' > \"$1\"; chmod +x \"$1\"", "sh", agent.Command]).WaitForExitAsync();
        Assert.Equal("agent_failed", Failed(await AmpThreads.Create(agent, _disk.Work, environment, default, timeout: TimeSpan.FromSeconds(0.5))));
    }

    [Theory]
    [InlineData("""{"apiKey@https://ampcode.com/":"k"}""", null, true)]
    [InlineData("""{"apiKey@https://ampcode.com/":"k"}""", "https://ampcode.com", true)]
    [InlineData("""{"apiKey@https://ampcode.com/":"k"}""", "https://amp.acme.com", false)]
    [InlineData("""{"apiKey@https://ampcode.com/":""}""", null, false)]
    [InlineData("""{"other":"k"}""", null, false)]
    [InlineData("broken", null, false)]
    [InlineData(null, null, false)]
    public void Amps_own_login_counts(string? secrets, string? url, bool signedIn)
    {
        var environment = new Dictionary<string, string> { ["XDG_DATA_HOME"] = _disk.Work };
        if (url is not null)
            environment["AMP_URL"] = url;
        Directory.CreateDirectory(Path.Combine(_disk.Work, "amp"));
        if (secrets is not null)
            File.WriteAllText(AmpSignIn.SecretsPath(environment), secrets);
        Assert.Equal(signedIn, AmpSignIn.IsSignedIn(environment));
    }

    [Fact]
    public void The_services_secrets_stay_with_the_service()
    {
        var service = new Dictionary<string, string>
        {
            ["PATH"] = "/bin",
            ["LC_ALL"] = "C",
            ["https_proxy"] = "p",
            ["GITHUB_TOKEN"] = "t",
            ["GH_TOKEN"] = "t",
            ["Ampx__Storage__ConnectionString"] = "c",
            ["AMPX_TOKEN"] = "t",
            ["SECRET"] = "s",
            ["CARGO_HOME"] = "c",
            ["AMP_API_KEY"] = "k",
        };
        var amp = AgentEnvironment.For(new AgentOptions { PassEnvironment = ["CARGO_*", "G*"], Environment = { ["X"] = "1" } }, service);
        Assert.Equal(["AMP_API_KEY", "AMP_SKIP_UPDATE_CHECK", "CARGO_HOME", "LANG", "LC_ALL", "PATH", "X", "https_proxy"], amp.Keys.Order(StringComparer.Ordinal));
        var command = AgentEnvironment.For(new AgentOptions { Kind = AgentKind.Command, PassEnvironment = ["GITHUB_TOKEN", "Ampx__Storage__ConnectionString"] }, service);
        Assert.Equal(["GITHUB_TOKEN", "LANG", "LC_ALL", "PATH", "https_proxy"], command.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_clocks_of_a_kind_are_its_defaults()
    {
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10)), (new AgentOptions().StartLimit, new AgentOptions().IdleLimit));
        Assert.Equal((null, null), (new AgentOptions { Kind = AgentKind.Command }.StartLimit, new AgentOptions { IdleTimeout = TimeSpan.Zero }.IdleLimit));
    }

    private JsonElement RecordOf(string thread) =>
        JsonSerializer.Deserialize<JsonElement>(File.ReadAllLines(Path.Combine(_disk.AgentHome, "threads", $"{thread}.jsonl"))[^1]);

    private static string Failed(AmpThread thread) => Assert.IsType<AmpThread.Failed>(thread).Code;
}
