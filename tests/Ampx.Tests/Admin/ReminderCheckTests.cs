using System.Runtime.CompilerServices;
using Ampx.Core.Api;
using Ampx.Silo.Admin;
using Ampx.Silo.Workers;
using Ampx.Tests.Storage;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using Xunit;

namespace Ampx.Tests.Admin;

public sealed class ReminderCheckOnSqlite() : ReminderCheckTests(new StorageFolder());

public sealed class ReminderCheckOnPostgres() : ReminderCheckTests(StorageFolder.OnPostgres());

public abstract class ReminderCheckTests(StorageFolder files) : IDisposable
{
    public void Dispose()
    {
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Reminders_that_are_still_being_written_are_waited_for_and_what_is_damaged_later_is_found_and_mended()
    {
        await using var silo = await Grains.Silo.Start(files);
        var members = Answering.By<IClusterMembershipService>(("get_MembershipUpdates", (_, _) => NoNews()));
        using var wakeUps = new WakeUps(silo.Grains, members, TimeProvider.System, NullLogger<WakeUps>.Instance);
        var check = new ReminderCheck(files.Database, new StorageRepair(files.Database), silo.Grains, wakeUps, Options.Create(new ClusterOptions { ServiceId = "ampx" }));

        var early = check.Look(StorageFolder.Soon);
        await wakeUps.StartAsync(StorageFolder.Soon);
        Assert.Equal((0, 64), ((await early).Findings.Count, (await early).Count));

        await Do("DELETE FROM OrleansRemindersTable WHERE GrainId = (SELECT min(GrainId) FROM OrleansRemindersTable)");
        await Do("UPDATE OrleansRemindersTable SET Period = 3600000 WHERE GrainId = (SELECT max(GrainId) FROM OrleansRemindersTable)");
        await Do("INSERT INTO OrleansRemindersTable SELECT ServiceId, 'nobody/7', ReminderName, StartTime, Period, GrainHash, Version FROM OrleansRemindersTable WHERE GrainId = (SELECT max(GrainId) FROM OrleansRemindersTable)");
        var found = (await check.Look(StorageFolder.Soon)).Findings;
        Assert.Equal(3, found.Count);
        Assert.Contains(found, finding => finding.Detail.EndsWith(" has no reminder", StringComparison.Ordinal));
        Assert.Contains(found, finding => finding.Detail.EndsWith(" is reminded every 3600000 ms, not every 60000", StringComparison.Ordinal));
        Assert.Contains(found, finding => finding is { Where: "nobody/7 wake", Detail: "nobody needs this reminder" });
        foreach (var finding in found) await check.Repair(finding, StorageFolder.Soon);
        var after = await check.Look(StorageFolder.Soon);
        Assert.Equal((0, 64), (after.Findings.Count, after.Count));
        await wakeUps.StopAsync(StorageFolder.Soon);
    }

    private async Task Do(string sql)
    {
        await using var connection = await files.Database.Writer.OpenConnectionAsync();
        Assert.Equal(1, await connection.ExecuteAsync(sql));
    }

    private static async IAsyncEnumerable<ClusterMembershipSnapshot> NoNews([EnumeratorCancellation] CancellationToken cancel = default)
    {
        await Task.Delay(Timeout.Infinite, cancel);
        yield break;
    }
}
