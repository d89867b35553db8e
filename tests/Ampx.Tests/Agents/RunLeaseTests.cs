using Ampx.Runs;
using Ampx.Silo.Agents.Runs;
using Xunit;

namespace Ampx.Tests.Agents;

/// <summary>Leases, with real supervisors.</summary>
public sealed class RunLeaseTests : IAsyncLifetime
{
    private const string Agent = "while :; do sleep 0.1; done";
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);
    private readonly RunsOnDisk disk = new();
    private readonly AgentRuns runs;

    public RunLeaseTests() => runs = disk.Another(leased: true);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => disk.DisposeAsync();

    [Fact]
    public async Task An_agent_is_ended_when_its_lease_is_and_not_before()
    {
        await Start(disk.First, TimeSpan.FromSeconds(2));
        await Start(disk.Second, TimeSpan.FromSeconds(2));
        var longer = Uptime.Now + TimeSpan.FromSeconds(6);
        runs.ExtendLeases([disk.Second], longer);
        Assert.Equal(RunReason.LeaseEnded, (await disk.EndOf(disk.First)).Reason);
        Assert.IsType<RunState.Running>(runs.Folder(disk.Second).State);
        Assert.Equal(RunReason.LeaseEnded, (await disk.EndOf(disk.Second)).Reason);
        Assert.True(Uptime.Now > longer);
    }

    [Fact]
    public async Task A_lease_that_has_ended_is_not_begun_again_by_who_thaws_late()
    {
        await Start(disk.First, TimeSpan.FromSeconds(1));
        runs.Hold(disk.Second);
        await disk.EndOf(disk.First);
        await RunsOnDisk.Until(() => Uptime.Now > LeaseFile.Until(Lease(disk.Second)), "the lease has ended");
        // Contact again; both runs may be somebody else's by now.
        runs.ExtendLeases([disk.First, disk.Second], Uptime.Now + Long);
        runs.Hold(disk.Second);
        Assert.True(LeaseFile.Until(Lease(disk.First)) < Uptime.Now);
        await Assert.ThrowsAsync<LeaseEndedException>(() => runs.Start(disk.Shell(Agent, disk.Second), ""));
        Assert.IsType<RunState.NotStarted>(runs.Folder(disk.Second).State);
    }

    [Fact]
    public async Task An_answer_from_before_a_freeze_extends_nothing_that_counts()
    {
        var begun = Uptime.Now;
        await Start(disk.First, TimeSpan.FromSeconds(2));
        await RunsOnDisk.Until(() => Uptime.Now > begun + TimeSpan.FromSeconds(1.5), "time has passed");
        // The sign of life was begun long ago; that its answer is read only now changes nothing.
        runs.ExtendLeases([disk.First], begun + TimeSpan.FromSeconds(2.5));
        await disk.EndOf(disk.First);
        Assert.InRange((Uptime.Now - begun).TotalSeconds, 2.5, 8);
    }

    [Fact]
    public async Task Without_contact_nothing_is_held_or_begun_and_a_lost_file_is_no_lease()
    {
        runs.ExtendLeases([], Uptime.Now - TimeSpan.FromSeconds(1));
        Assert.Throws<LeaseEndedException>(() => runs.Hold(disk.First));
        Assert.Empty(runs.All());
        await Assert.ThrowsAsync<LeaseEndedException>(() => runs.Start(disk.Shell(Agent), ""));

        await Start(disk.Second, Long);
        File.Delete(Lease(disk.Second));
        Assert.Equal(RunReason.LeaseEnded, (await disk.EndOf(disk.Second)).Reason);
    }

    [Fact]
    public async Task Who_comes_back_makes_long_leases_short_before_others_count_by_them()
    {
        await Start(disk.First, Long);
        var again = disk.Another(leased: true);
        again.ShortenLeases(Uptime.Now + TimeSpan.FromSeconds(2));
        Assert.IsType<RunState.Running>(again.Folder(disk.First).State);
        again.ShortenLeases(Uptime.Now + Long);
        Assert.Equal(RunReason.LeaseEnded, (await disk.EndOf(disk.First)).Reason);
    }

    [Fact]
    public async Task In_one_process_there_are_no_leases()
    {
        disk.Runs.Hold(disk.First);
        Assert.Empty(disk.Runs.All());
        await disk.Runs.Start(disk.Shell("sleep 1"), "");
        Assert.Equal((RunReason.Exited, 0), ((await disk.EndOf(disk.First)).Reason, (await disk.EndOf(disk.First)).Code));
    }

    private async Task Start(string run, TimeSpan lease)
    {
        runs.ExtendLeases([], Uptime.Now + lease);
        runs.Hold(run);
        await runs.Start(disk.Shell(Agent, run), "");
    }

    private string Lease(string run) => Path.Combine(runs.Folder(run).Path, RunFiles.Lease);
}
