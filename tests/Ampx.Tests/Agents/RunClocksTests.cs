using Ampx.Runs;
using Ampx.Tests.EndToEnd;
using Xunit;

namespace Ampx.Tests.Agents;

public sealed class RunClocksTests : IAsyncLifetime
{
    private readonly RunsOnDisk _disk = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;
    public ValueTask DisposeAsync() => _disk.DisposeAsync();

    [Fact]
    public async Task A_run_over_its_time_is_ended_though_it_talks()
    {
        var exit = await _disk.RunToItsEnd(_disk.Shell("while :; do echo .; sleep 0.1; done") with
        {
            Timeout = TimeSpan.FromSeconds(1),
            IdleTimeout = TimeSpan.FromSeconds(20),
        });
        Assert.Equal((RunReason.TimedOut, "still running after 1 s"), (exit.Reason, exit.Detail));
    }

    [Fact]
    public async Task Silence_ends_a_run_and_names_the_last_tool()
    {
        var exit = await _disk.RunToItsEnd(
            await _disk.AmpSpec() with { IdleTimeout = TimeSpan.FromSeconds(1) }, "fake: tool Bash 0\nfake: stall");
        Assert.Equal((RunReason.Stalled, "no output for 1 s; last tool: Bash"), (exit.Reason, exit.Detail));
    }

    [Fact]
    public async Task The_clock_stands_while_a_tool_is_at_work()
    {
        var exit = await _disk.RunToItsEnd(
            await _disk.AmpSpec() with { IdleTimeout = TimeSpan.FromSeconds(0.7) }, "fake: tool Bash 2\nfake: say built");
        Assert.Equal((RunReason.Exited, 0), (exit.Reason, exit.Code));
    }

    [Fact]
    public async Task An_agent_that_never_begins_is_ended_by_the_start_clock()
    {
        var exit = await _disk.RunToItsEnd(await _disk.AmpSpec() with { StartTimeout = TimeSpan.FromSeconds(1) }, "fake: hang");
        Assert.Equal((RunReason.Stalled, "no event within 1 s"), (exit.Reason, exit.Detail));
    }

    [Fact]
    public async Task Waiting_for_a_login_is_no_beginning()
    {
        var spec = await _disk.AmpSpec();
        var noKey = new Dictionary<string, string>(spec.Environment) { ["AMP_API_KEY"] = "" };
        var exit = await _disk.RunToItsEnd(spec with { Environment = noKey, StartTimeout = TimeSpan.FromSeconds(1) }, "hello");
        Assert.Equal((RunReason.Stalled, "no event within 1 s; it said: No API key found. Starting login flow…"), (exit.Reason, exit.Detail));
    }

    [Fact]
    public async Task Output_over_the_limit_is_dropped_and_the_agent_goes_on()
    {
        var exit = await _disk.RunToItsEnd(_disk.Shell("head -c 100000000 /dev/zero; echo; echo result; touch finished") with { OutputLimit = 1_000_000 });
        var lines = await File.ReadAllLinesAsync(_disk.Runs.Folder(_disk.First).OutPath);
        Assert.Equal((0, 1_000_000), (exit.Code, lines[0].Length));
        Assert.Equal("[ampx: 99000001 bytes of output were left out here: it was longer than 1000000 bytes]", lines[1]);
        Assert.Equal((99_000_001, "result"), (exit.DroppedBytes, lines[2]));
        Assert.True(File.Exists(Path.Combine(_disk.Work, "finished")));
    }

    [Fact]
    public async Task Output_that_finds_no_room_is_counted_and_the_agent_goes_on()
    {
        // Every write to /dev/full fails with ENOSPC.
        var folder = _disk.Runs.Folder(_disk.First);
        Directory.CreateDirectory(folder.Path);
        File.CreateSymbolicLink(folder.OutPath, "/dev/full");
        var exit = await _disk.RunToItsEnd(_disk.Shell("head -c 300000 /dev/zero; touch finished"));
        Assert.Equal((0, 300_000), (exit.Code, exit.DroppedBytes));
        Assert.True(File.Exists(Path.Combine(_disk.Work, "finished")));
    }

    [Fact]
    public async Task Output_that_finds_the_disk_full_waits_for_room_also_after_the_agents_end()
    {
        var folder = _disk.Runs.Folder(_disk.First);
        Directory.CreateDirectory(folder.Path);
        await using var disk = await Mount.Tmpfs(folder.Path, "1m");
        Assert.SkipWhen(disk is null, "a tmpfs can be mounted by root only");
        await _disk.Runs.Start(_disk.Shell("echo begin; while [ ! -e go ]; do sleep 0.05; done; seq 1000; touch finished"), "");
        await RunsOnDisk.Until(() => _disk.Out() == "begin\n", "the agent has begun");
        var ballast = Path.Combine(folder.Path, "ballast");
        await Assert.ThrowsAsync<IOException>(() => File.WriteAllBytesAsync(ballast, new byte[2 << 20]));
        await File.WriteAllTextAsync(Path.Combine(_disk.Work, "go"), "");
        await RunsOnDisk.Until(() => File.Exists(Path.Combine(_disk.Work, "finished")), "the agent is through");

        File.Delete(ballast);
        var exit = await _disk.EndOf(_disk.First);
        Assert.Equal((0, 0), (exit.Code, exit.DroppedBytes));
        var lines = await File.ReadAllLinesAsync(folder.OutPath);
        Assert.Equal(["begin", .. Enumerable.Range(1, 1000).Select(number => $"{number}")], lines);
    }
}
