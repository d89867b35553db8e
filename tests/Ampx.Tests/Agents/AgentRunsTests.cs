using System.Diagnostics;
using Ampx.Runs;
using Ampx.Silo.Agents.Runs;
using Xunit;

namespace Ampx.Tests.Agents;

public sealed class AgentRunsTests : IAsyncLifetime
{
    private readonly RunsOnDisk _disk = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;
    public ValueTask DisposeAsync() => _disk.DisposeAsync();

    [Fact]
    public async Task A_run_gets_its_stdin_and_only_its_own_environment_and_tells_its_exit_code()
    {
        var exit = await _disk.RunToItsEnd(_disk.Shell("cat; env | sort; pwd; echo oops >&2; exit 3"), "the prompt\n");

        Assert.Equal((3, RunReason.Exited, null), (exit.Code, exit.Reason, exit.Signal));
        Assert.StartsWith("the prompt\n", _disk.Out(), StringComparison.Ordinal);
        Assert.Contains($"AMPX_RUN_ID={_disk.First}\n", _disk.Out(), StringComparison.Ordinal);
        Assert.DoesNotContain("DOTNET", _disk.Out(), StringComparison.Ordinal);
        Assert.EndsWith(_disk.Work + "\n", _disk.Out(), StringComparison.Ordinal);
        Assert.Equal("oops", _disk.Runs.Folder(_disk.First).LastErrorLines());
    }

    [Fact]
    public async Task A_supervisor_that_has_ended_is_no_zombie()
    {
        await _disk.RunToItsEnd(_disk.Shell("true"));
        var pid = _disk.Runs.Folder(_disk.First).Info!.Pid;
        await RunsOnDisk.Until(() => Processes.Find(pid) is null, "the supervisor is reaped");
    }

    [Fact]
    public async Task The_environment_is_gone_from_the_spec_once_the_run_has_begun()
    {
        await _disk.RunToItsEnd(_disk.Shell("true") with { Environment = new Dictionary<string, string> { ["SECRET"] = "s3cret", ["PATH"] = "/bin:/usr/bin" } });
        Assert.DoesNotContain("s3cret", string.Concat(Directory.GetFiles(_disk.Runs.Folder(_disk.First).Path).Select(File.ReadAllText)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-program", 127)]
    [InlineData("/no/such/program", 127)]
    [InlineData("/etc/passwd", 126)]
    public async Task A_command_that_cannot_be_started_says_so_in_the_exit(string command, int code)
    {
        var exit = await _disk.RunToItsEnd(_disk.Shell("") with { Command = command });
        Assert.Equal((code, RunReason.NotStarted), (exit.Code, exit.Reason));
        Assert.Contains(command, exit.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signal_is_told()
    {
        var exit = await _disk.RunToItsEnd(_disk.Shell("kill -SEGV $$"));
        Assert.Equal((139, 11, RunReason.Exited), (exit.Code, exit.Signal, exit.Reason));
    }

    [Fact]
    public async Task Stopping_ends_an_agent_that_ignores_SIGTERM_and_its_grandchildren()
    {
        await _disk.Runs.Start(await _disk.AmpSpec(), "fake: ignore-sigterm\nfake: grandchild\nfake: grandchild\nfake: say ready\nfake: stall");
        await RunsOnDisk.Until(() => _disk.Out().Contains("\"text\":\"ready\"", StringComparison.Ordinal), "the agent is at work");
        var info = _disk.Runs.Folder(_disk.First).Info!;
        int[] family = [info.AgentPid!.Value, .. File.ReadAllLines(Path.Combine(_disk.AgentHome, "grandchildren")).Select(int.Parse)];
        Assert.Equal(3, family.Length);

        var since = Stopwatch.StartNew();
        _disk.Runs.RequestStop(_disk.First, "abort by ann");
        var exit = await _disk.EndOf(_disk.First);

        Assert.InRange(since.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Equal((RunReason.Stopped, "abort by ann", 9), (exit.Reason, exit.Detail, exit.Signal));
        Assert.All(family, pid => Assert.Null(Processes.Find(pid)));
    }

    [Fact]
    public async Task What_an_agent_leaves_in_the_background_ends_with_it()
    {
        var exit = await _disk.RunToItsEnd(_disk.Shell("setsid sleep 600 & echo $!; env -u AMPX_RUN_ID setsid sleep 600 & echo $!"));
        Assert.Equal((0, RunReason.Exited), (exit.Code, exit.Reason));
        var pids = _disk.Out().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToList();
        Assert.Equal(2, pids.Count);
        Assert.All(pids, pid => Assert.Null(Processes.Find(pid)));
    }

    [Fact]
    public async Task A_stop_asked_for_before_the_start_starts_nothing()
    {
        _disk.Runs.RequestStop(_disk.First, "too late");
        var exit = await _disk.RunToItsEnd(_disk.Shell("touch started"));
        Assert.Equal(RunReason.Stopped, exit.Reason);
        Assert.False(File.Exists(Path.Combine(_disk.Work, "started")));
    }

    [Fact]
    public async Task Starting_the_same_run_many_times_gives_one_agent()
    {
        var spec = _disk.Shell("echo $$ >> started; cat > /dev/null; while [ ! -e go ]; do sleep 0.05; done");
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => _disk.Another().Start(spec, ""))));
        File.WriteAllText(Path.Combine(_disk.Work, "go"), "");
        await _disk.EndOf(_disk.First);
        await _disk.Runs.Start(spec, "");

        Assert.Single(File.ReadAllLines(Path.Combine(_disk.Work, "started")));
    }

    [Fact]
    public async Task Another_service_finds_the_running_run_and_its_exit()
    {
        await _disk.Runs.Start(_disk.Shell("while [ ! -e go ]; do sleep 0.05; done; exit 7"), "");
        var (first, second) = (_disk.Runs.Folder(_disk.First), Assert.Single(_disk.Another().All()));

        Assert.IsType<RunState.Running>(second.State);
        Assert.Equal((_disk.First, "task-1", 1, Processes.BootId), (second.Info!.RunId, second.Info.TaskId, second.Info.Step, second.Info.BootId));
        Assert.Equal(first.Info!.Pid, second.Info.Pid);
        Assert.Equal(Processes.Find(second.Info.Pid)!.Value.Started, second.Info.PidStarted);
        File.WriteAllText(Path.Combine(_disk.Work, "go"), "");
        Assert.Equal(7, (await _disk.Another().WaitForExit(_disk.First, default))!.Code);
        Assert.Equal(7, Assert.IsType<RunState.Exited>(first.State).Exit.Code);
    }

    [Fact]
    public async Task The_supervisor_has_a_session_of_its_own_and_nothing_inherited()
    {
        // As a service started by a script would have it: a pipe whose reader waits for its end.
        await _disk.Runs.Start(_disk.Shell("while :; do sleep 0.1; done"), "");
        var pid = _disk.Runs.Folder(_disk.First).Info!.Pid;
        var stat = File.ReadAllText($"/proc/{pid}/stat").Split(' ');

        Assert.Equal(pid, int.Parse(stat[5]));
        Assert.All(Enumerable.Range(0, 3), fd => Assert.Equal("/dev/null", new FileInfo($"/proc/{pid}/fd/{fd}").LinkTarget));
        Assert.Equal(["DOTNET_EnableDiagnostics", "DOTNET_ROOT", "PATH"],
            File.ReadAllText($"/proc/{pid}/environ").Split('\0', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=')[0]).Order());
    }

    [Fact]
    public async Task A_run_outlives_its_starter_and_the_starters_group()
    {
        var folder = await PreparedOnly(_disk.Shell("while [ ! -e go ]; do sleep 0.05; done; echo done"));
        using (var starter = Process.Start("setsid", ["sh", "-c", "\"$1\" \"$2\" 9>\"$2/inherited\" & wait", "sh", RunsOnDisk.Supervisor, folder.Path]))
        {
            await RunsOnDisk.Until(() => folder.Info?.AgentPid is not null, "the agent runs");
            Assert.DoesNotContain(Directory.GetFiles($"/proc/{folder.Info!.Pid}/fd").Select(fd => new FileInfo(fd).LinkTarget),
                target => target?.EndsWith("/inherited", StringComparison.Ordinal) == true);
            _ = Native.kill(-starter.Id, Native.SIGKILL);
            await starter.WaitForExitAsync();
        }

        Assert.IsType<RunState.Running>(folder.State);
        File.WriteAllText(Path.Combine(_disk.Work, "go"), "");
        Assert.Equal(0, (await _disk.EndOf(_disk.First)).Code);
        Assert.Equal("done\n", _disk.Out());
    }

    [Fact]
    public async Task A_run_whose_supervisor_was_killed_is_lost_and_its_agent_can_be_ended()
    {
        await _disk.Runs.Start(_disk.Shell("setsid sleep 600 & echo $!; while :; do sleep 0.1; done"), "");
        var folder = _disk.Runs.Folder(_disk.First);
        await RunsOnDisk.Until(() => folder.Info?.AgentPid is not null && _disk.Out().EndsWith('\n'), "the agent is at work");
        var (info, sleeper) = (folder.Info!, int.Parse(_disk.Out()));
        _ = Native.kill(info.Pid, Native.SIGKILL);
        await RunsOnDisk.Until(() => folder.State is RunState.Lost, "the run counts as lost");

        Assert.Null(await _disk.Another().WaitForExit(_disk.First, default));
        Assert.NotNull(Processes.Find(info.AgentPid!.Value));
        Assert.Empty(_disk.Another().KillLeftovers(_disk.First));
        Assert.False(Processes.Find(info.AgentPid.Value) is { IsGone: false });
        Assert.False(Processes.Find(sleeper) is { IsGone: false });
    }

    [Theory]
    [InlineData(0, false, true)]
    [InlineData(1, false, false)]
    [InlineData(0, true, false)]
    public async Task Only_the_same_process_of_the_same_boot_is_ended_for_a_lost_run(int startedLater, bool otherBoot, bool isEnded)
    {
        // Nothing of the run's: it doesn't carry its id.
        using var stranger = Process.Start("sleep", "600");
        try
        {
            using var gone = Process.Start("true");
            await gone.WaitForExitAsync();
            var folder = await PreparedOnly(_disk.Shell("true"));
            AtomicFile.Write(folder.In(RunFiles.Run), new RunInfo
            {
                RunId = _disk.First,
                TaskId = "task-1",
                Step = 1,
                BootId = otherBoot ? "00000000-0000-0000-0000-000000000000" : Processes.BootId,
                Pid = gone.Id,
                PidStarted = 1,
                AgentPid = stranger.Id,
                AgentPidStarted = Processes.Find(stranger.Id)!.Value.Started + startedLater,
                StartedAt = TimeProvider.System.GetUtcNow(),
            }, RunJson.Default.RunInfo);

            Assert.IsType<RunState.Lost>(folder.State);
            Assert.Null(await _disk.Runs.WaitForExit(_disk.First, default));
            Assert.Empty(_disk.Runs.KillLeftovers(_disk.First));
            Assert.Equal(isEnded, Processes.Find(stranger.Id) is not { IsGone: false });
        }
        finally
        {
            stranger.Kill();
        }
    }

    [Fact]
    public async Task A_supervisors_pid_that_is_another_process_now_is_no_sign_of_life()
    {
        var folder = await PreparedOnly(_disk.Shell("true"));
        // This very test: it lives, and holds no lock.
        AtomicFile.Write(folder.In(RunFiles.Run), new RunInfo
        {
            RunId = _disk.First,
            TaskId = "task-1",
            Step = 1,
            BootId = Processes.BootId,
            Pid = Environment.ProcessId,
            PidStarted = Processes.Find(Environment.ProcessId)!.Value.Started + 1,
            StartedAt = TimeProvider.System.GetUtcNow(),
        }, RunJson.Default.RunInfo);
        Assert.IsType<RunState.Lost>(folder.State);
        Assert.Empty(_disk.Runs.KillLeftovers(_disk.First));
    }

    [Fact]
    public async Task A_copy_of_a_run_folder_neither_adopts_nor_ends_the_run()
    {
        await _disk.Runs.Start(_disk.Shell("while [ ! -e go ]; do sleep 0.05; done; echo done"), "");
        var original = _disk.Runs.Folder(_disk.First);
        await RunsOnDisk.Until(() => original.Info?.AgentPid is not null, "the agent runs");
        await using var elsewhere = new RunsOnDisk();
        var copy = Directory.CreateDirectory(Path.Combine(elsewhere.Data, "runs", _disk.First)).FullName;
        // By cp, for .NET copies no file that somebody has locked.
        using (var cp = Process.Start("cp", ["-r", $"{original.Path}/.", copy])) await cp.WaitForExitAsync();

        Assert.IsType<RunState.Lost>(elsewhere.Runs.Folder(_disk.First).State);
        Assert.Null(await elsewhere.Runs.WaitForExit(_disk.First, default));
        Assert.Empty(elsewhere.Runs.KillLeftovers(_disk.First));
        Assert.IsType<RunState.Running>(original.State);
        File.WriteAllText(Path.Combine(_disk.Work, "go"), "");
        Assert.Equal(0, (await _disk.EndOf(_disk.First)).Code);
        Assert.Equal("done\n", _disk.Out());
    }

    [Fact]
    public async Task SIGTERM_to_the_supervisor_ends_the_run_in_order()
    {
        await _disk.Runs.Start(_disk.Shell("while :; do sleep 0.1; done"), "");
        await RunsOnDisk.Until(() => _disk.Runs.Folder(_disk.First).Info?.AgentPid is not null, "the agent runs");
        _ = Native.kill(_disk.Runs.Folder(_disk.First).Info!.Pid, Native.SIGTERM);
        Assert.Equal(RunReason.Stopped, (await _disk.EndOf(_disk.First)).Reason);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("")]
    [InlineData(".hidden")]
    public void A_run_id_is_a_plain_name(string id) => Assert.Throws<ArgumentException>(() => _disk.Runs.Folder(id));

    [Fact]
    public async Task An_ended_run_can_be_deleted_and_a_running_one_not()
    {
        await _disk.Runs.Start(_disk.Shell("while [ ! -e go ]; do sleep 0.05; done"), "");
        Assert.Throws<InvalidOperationException>(() => _disk.Runs.Delete(_disk.First));
        File.WriteAllText(Path.Combine(_disk.Work, "go"), "");
        await _disk.EndOf(_disk.First);
        _disk.Runs.Delete(_disk.First);
        Assert.Empty(_disk.Runs.All());
    }

    private async Task<RunFolder> PreparedOnly(RunSpec spec)
    {
        var folder = _disk.Runs.Folder(spec.RunId);
        Directory.CreateDirectory(folder.Path);
        await File.WriteAllBytesAsync(folder.In(RunFiles.Spec), System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(spec, RunJson.Default.RunSpec));
        return folder;
    }
}
