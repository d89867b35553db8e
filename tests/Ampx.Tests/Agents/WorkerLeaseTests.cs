using Ampx.Runs;
using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;
using Ampx.Silo.Workers;
using Ampx.Tests.Storage;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Xunit;

namespace Ampx.Tests.Agents;

/// <summary>A worker's word and its runs' leases: a run never has longer than others wait.</summary>
public sealed class WorkerLeaseTests : IAsyncLifetime
{
    private static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(5), Grace = TimeSpan.FromMinutes(2);
    private readonly RunsOnDisk disk = new();
    private readonly StorageFolder files = new();
    private readonly WorkerTable table;
    private readonly DataFolder folder = DataFolder.Open(Directory.CreateTempSubdirectory("ampx-data-").FullName);
    private readonly AgentRuns runs;

    public WorkerLeaseTests() => (table, runs) = (new WorkerTable(files.Database), disk.Another(leased: true));

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await disk.DisposeAsync();
        files.Dispose();
        folder.Dispose();
        Directory.Delete(folder.Path, recursive: true);
    }

    [Fact]
    public async Task A_run_goes_on_with_each_sign_of_life()
    {
        using var stop = new CancellationTokenSource();
        var lease = Lease();
        await lease.Begin(StorageFolder.Soon);
        runs.Hold(disk.First);
        var first = Until(disk.First);
        Assert.InRange(first, Uptime.Now, Uptime.Now + LeaseTime);
        var renewing = lease.Renew(() => [disk.First], stop.Token);
        await RunsOnDisk.Until(() => Until(disk.First) > first + TimeSpan.FromSeconds(2), "the lease is longer");
        Assert.Equal(LeaseTime, (await Row()).HeldFor);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => renewing);
    }

    [Fact]
    public async Task A_stop_in_order_gives_the_grace_and_a_return_takes_it_back_before_others_count_anew()
    {
        var lease = Lease();
        await lease.Begin(StorageFolder.Soon);
        runs.Hold(disk.First);
        await lease.Leave([disk.First]);
        Assert.InRange(Until(disk.First), Uptime.Now + Grace - TimeSpan.FromSeconds(20), Uptime.Now + Grace);
        var left = await Row();
        Assert.Equal(Grace, left.HeldFor);

        // Back, and dead again before its first sign of life.
        await Away();
        await Assert.ThrowsAnyAsync<Exception>(() => Lease().Begin(StorageFolder.Soon));
        Assert.True(Until(disk.First) > Uptime.Now + LeaseTime);
        await Back();

        await Lease().Begin(StorageFolder.Soon);
        Assert.True(Until(disk.First) <= Uptime.Now + LeaseTime);
        var back = await Row();
        Assert.Equal((LeaseTime, left.Beat + 1), (back.HeldFor, back.Beat));
    }

    [Fact]
    public async Task A_grace_that_could_not_be_written_is_not_given_and_the_stop_goes_on()
    {
        var lease = Lease();
        await lease.Begin(StorageFolder.Soon);
        runs.Hold(disk.First);
        var before = Until(disk.First);
        await Away();
        await lease.Leave([disk.First]).WaitAsync(TimeSpan.FromSeconds(4));
        Assert.Equal(before, Until(disk.First));
        await Back();

        // A database that neither answers nor refuses: the one writer is lent out.
        await using (await files.Database.Writer.OpenConnectionAsync())
            await lease.Leave([disk.First]).WaitAsync(TimeSpan.FromSeconds(4));
        Assert.Equal(before, Until(disk.First));
    }

    [Fact]
    public async Task Who_held_nothing_leaves_nothing_and_in_one_process_no_word_is_given()
    {
        var lease = Lease();
        await lease.Begin(StorageFolder.Soon);
        await lease.Leave([]);
        Assert.Equal(LeaseTime, (await Row()).HeldFor);
        await table.Remove(await Row(), StorageFolder.Soon);
        var alone = Lease(isOn: false);
        await alone.Begin(StorageFolder.Soon);
        await alone.Renew(() => [disk.First], StorageFolder.Soon);
        await alone.Leave([disk.First]);
        Assert.Empty(await table.All(StorageFolder.Soon));
    }

    private WorkerLease Lease(bool isOn = true) => new(new LeaseRules(isOn), table, runs, folder,
        Options.Create(new WorkerOptions { LeaseTime = LeaseTime, RestartGrace = Grace }), TimeProvider.System, NullLogger<WorkerLease>.Instance);

    private TimeSpan Until(string run) => LeaseFile.Until(Path.Combine(runs.Folder(run).Path, RunFiles.Lease));

    private async Task<WorkerRow> Row() => Assert.Single(await table.All(StorageFolder.Soon));

    private Task Away() => Execute("ALTER TABLE worker RENAME TO away");

    private Task Back() => Execute("ALTER TABLE away RENAME TO worker");

    private async Task Execute(string sql)
    {
        await using var connection = await files.Database.Writer.OpenConnectionAsync();
        await connection.ExecuteAsync(sql);
    }
}
