using Ampx.Runs;
using Xunit;

namespace Ampx.Tests.Agents;

/// <summary>Real runs under the real supervisor that take too much; without a sandbox, and without a control group.</summary>
public sealed class RunLimitTests : IAsyncDisposable
{
    private const long MiB = 1024 * 1024;
    private readonly RunsOnDisk disk = new();

    public ValueTask DisposeAsync() => disk.DisposeAsync();

    [Fact]
    public async Task A_run_that_uses_too_much_memory_is_ended()
    {
        var exit = await Run("perl -e '$x = \"x\" x (200 << 20); sleep 1000' & wait", new() { Memory = 60 * MiB });
        Assert.Equal(RunReason.OverLimit, exit.Reason);
        Assert.Matches(@"^it uses [\d.]+ MiB of memory, more than the 60 MiB that it may \(MemoryLimit\)$", exit.Detail);
    }

    [Fact]
    public async Task Memory_that_processes_share_counts_once()
    {
        // Twenty that have the same 30 MiB of a file in memory.
        File.WriteAllBytes(Path.Combine(disk.Work, "shared"), new byte[30 * MiB]);
        const string Reader = "perl -e 'open my $f, \"<\", \"shared\"; local $/; my $t = <$f>; for (1..20) { if (!fork) { sleep 2; exit } } print \"all\\n\"; 1 while wait != -1'";
        var exit = await Run(Reader, new() { Memory = 200 * MiB });
        Assert.Equal((RunReason.Exited, 0, "all\n"), (exit.Reason, exit.Code, disk.Out()));
    }

    [Fact]
    public async Task A_run_with_too_many_processes_is_ended_with_all_of_them()
    {
        var exit = await Run("for i in $(seq 60); do sleep 1000 & done; wait", new() { Processes = 40 });
        Assert.Equal(RunReason.OverLimit, exit.Reason);
        Assert.Matches(@"^it has \d+ processes and threads, more than the 40 that it may \(ProcessLimit\)$", exit.Detail);
        Assert.Empty(Processes.OfRun(disk.First));
    }

    [Theory]
    [InlineData("head -c 30M /dev/zero > one")]
    [InlineData("for i in $(seq 300); do head -c 100K /dev/zero > $i; done")]
    public async Task A_run_that_writes_too_much_is_ended(string write)
    {
        File.WriteAllBytes(Path.Combine(disk.Work, "before"), new byte[50 * MiB]);
        var exit = await Run($"{write}; sleep 1000", new() { Disk = 20 * MiB, Folders = [disk.Work] });
        Assert.Equal(RunReason.OverLimit, exit.Reason);
        Assert.Matches(@"^it has written [\d.]+ MiB, more than the 20 MiB that it may \(DiskLimit\)$", exit.Detail);
    }

    [Fact]
    public async Task Holes_other_names_and_links_take_no_room()
    {
        const string Write = "truncate -s 1G hole; head -c 5M /dev/zero > file; for i in 1 2 3 4 5 6; do ln file name$i; done; ln -s /usr usr; sleep 1";
        var exit = await Run(Write, new() { Disk = 20 * MiB, Folders = [disk.Work] });
        Assert.Equal((RunReason.Exited, 0), (exit.Reason, exit.Code));
    }

    [Fact]
    public async Task A_run_gets_as_many_processors_as_it_may_have()
    {
        var exit = await Run("nproc", new() { Processors = 0.5 });
        Assert.Equal((RunReason.Exited, "1\n"), (exit.Reason, disk.Out()));
    }

    [Fact]
    public async Task Where_memory_runs_out_an_agent_goes_before_the_service()
    {
        await Run("cat /proc/self/oom_score_adj", null);
        Assert.Equal("500\n", disk.Out());
    }

    private Task<RunExit> Run(string script, RunLimits? limits) => disk.RunToItsEnd(disk.Shell(script) with { Limits = limits });
}
