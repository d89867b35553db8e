using Ampx.Core.Api;
using Ampx.Silo.Grains;
using Ampx.Silo.Storage;
using Ampx.Silo.Workers;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Ampx.Silo.Admin;

/// <summary>Each wake shard has its one reminder, and nobody else has any.</summary>
internal sealed class ReminderCheck(Database database, StorageRepair rows, IGrainFactory grains, WakeUps wakeUps, IOptions<ClusterOptions> cluster)
{
    private const string Name = "wake";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly string serviceId = cluster.Value.ServiceId;

    /// <summary>What differs, and how many reminders there are.</summary>
    public async Task<(IReadOnlyList<CheckFinding> Findings, int Count)> Look(CancellationToken cancel)
    {
        // Just after a start they are still being written; whoever waits longer in vain has found something.
        await Task.WhenAny(wakeUps.Begun, Task.Delay(Patience, cancel));
        cancel.ThrowIfCancellationRequested();
        var stored = await database.Readers.Rows(
            "SELECT GrainId, ReminderName, Period FROM OrleansRemindersTable WHERE ServiceId = @serviceId", new { serviceId },
            row => (GrainId: row.GetString(0), Name: row.GetString(1), Period: row.GetInt64(2)), cancel);
        var wanted = Shards();
        var findings = new List<CheckFinding>();
        foreach (var reminder in stored)
        {
            if (!wanted.TryGetValue(reminder.GrainId, out var shard) || reminder.Name != Name)
                findings.Add(new("reminder", null, Where(reminder.GrainId, reminder.Name), "nobody needs this reminder"));
            else if (reminder.Period != (long)WakeGrain.Period.TotalMilliseconds)
                findings.Add(new("reminder", null, Where(reminder.GrainId, reminder.Name), $"wake shard {shard} is reminded every {reminder.Period} ms, not every {WakeGrain.Period.TotalMilliseconds}"));
        }

        var there = stored.Where(reminder => reminder.Name == Name).Select(reminder => reminder.GrainId).ToHashSet();
        findings.AddRange(wanted.Where(shard => !there.Contains(shard.Key)).Select(shard => new CheckFinding("reminder", null, Where(shard.Key, Name), $"wake shard {shard.Value} has no reminder")));
        return (findings, stored.Count);
    }

    /// <summary>Removes the row, and registers the shard's reminder anew if it is one.</summary>
    public async Task Repair(CheckFinding finding, CancellationToken cancel)
    {
        var split = finding.Where.LastIndexOf(' ');
        var (grainId, name) = (finding.Where[..split], finding.Where[(split + 1)..]);
        await rows.Forget(serviceId, grainId, name, cancel);
        if (name == Name && Shards().TryGetValue(grainId, out var shard)) await grains.GetGrain<IWakeGrain>(shard).Start().WaitAsync(cancel);
    }

    private static string Where(string grainId, string name) => $"{grainId} {name}";

    private Dictionary<string, int> Shards() => Enumerable.Range(0, WakeShard.Count).ToDictionary(shard => grains.GetGrain<IWakeGrain>(shard).GetGrainId().ToString());
}
