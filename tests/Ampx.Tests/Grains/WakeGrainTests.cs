using Ampx.Core.Tasks;
using Ampx.Tests.Storage;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Grains;

public sealed class WakeGrainTests : IDisposable
{
    private readonly StorageFolder files = new();
    private readonly FakeTimeProvider time = new(StorageFolder.Start);
    private readonly string tail = Ulid.NewUlid().ToString()[^2..];

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_restart_wakes_what_is_overdue_and_nothing_else_and_all_of_it_once()
    {
        var (overdue, later, ended) = (BackingOff(-60), BackingOff(3600), OfShard() with { Phase = Phase.Done, NextWakeAt = null });
        await using (var before = await Silo.Start(files, time))
        {
            foreach (var task in new[] { overdue, later, ended }) await before.Plant(task);
        }

        await using var silo = await Silo.Start(files, time);
        await silo.Wake(overdue.Id).Start();
        Assert.Equal(Phase.WaitingForWorker, (await silo.Until(overdue.Id, task => task.Phase is not Phase.BackingOff)).Phase);
        await silo.Wake(overdue.Id).Start();
        await silo.Wake(overdue.Id).Expect(time.GetUtcNow());
        await Task.Delay(200);
        Assert.Equal([1, 0, 0], [silo.Wakes(overdue.Id), silo.Wakes(later.Id), silo.Wakes(ended.Id)]);
        Assert.Equal(overdue.Version + 1, (await silo.Task(overdue.Id).Find())!.Version);
    }

    [Fact]
    public async Task A_task_whose_safety_date_is_past_hides_no_other_and_is_looked_at_once_a_minute()
    {
        var (patient, soon) = (OfShard() with { Phase = Phase.Agent, Run = new("run-1", "worker-1", RunKind.Agent), NextWakeAt = At(-300) }, BackingOff(20));
        await using var silo = await Silo.Start(files, time);
        await silo.Plant(patient);
        await silo.Plant(soon);
        await silo.Wake(soon.Id).Start();
        await Pass(19);
        Assert.Equal(Phase.BackingOff, (await silo.Task(soon.Id).Find())!.Phase);
        await Pass(2);
        await silo.Until(soon.Id, task => task.Phase is Phase.WaitingForWorker);
        Assert.Equal(1, silo.Wakes(patient.Id));
        while (silo.Wakes(patient.Id) < 2 && time.GetUtcNow() < At(300)) await Pass(5);
        Assert.Equal(2, silo.Wakes(patient.Id));
        Assert.InRange(time.GetUtcNow(), At(60), At(295));
    }

    [Fact]
    public async Task What_was_under_way_at_the_forge_goes_on_after_a_restart()
    {
        var merging = OfShard() with { Phase = Phase.Merging, Status = Status.Success, Repo = "/nowhere/at/all", Forge = ForgeKind.Git, Base = "main", HeadSha = new string('a', 40), Merge = new MergeOrder(), NextWakeAt = At(120) };
        await using var silo = await Silo.Start(files, time);
        await silo.Plant(merging);
        await silo.Wake(merging.Id).Start();
        var after = await silo.Until(merging.Id, task => task.Phase is Phase.Done);
        Assert.Equal(ErrorCodes.NotMergeable, after.MergeRefusal?.Code);
    }

    [Fact]
    public async Task A_failed_write_costs_seconds_and_no_task()
    {
        var overdue = BackingOff(-1);
        await using var silo = await Silo.Start(files, time);
        await silo.Plant(overdue);
        silo.Storage.LoseNext = true;
        await silo.Wake(overdue.Id).Start();
        await Task.Delay(200);
        Assert.Equal(Phase.BackingOff, (await silo.Task(overdue.Id).Find())!.Phase);
        await Pass(6);
        await silo.Until(overdue.Id, task => task.Phase is Phase.WaitingForWorker);
    }

    private TaskState OfShard()
    {
        var task = Silo.NewTask();
        return task with { Id = task.Id[..24] + tail };
    }

    private TaskState BackingOff(double seconds) => OfShard() with { Phase = Phase.BackingOff, Status = Status.Retrying, Resume = Phase.WaitingForWorker, NextWakeAt = At(seconds) };

    private static DateTimeOffset At(double seconds) => StorageFolder.Start.AddSeconds(seconds);

    private async Task Pass(int seconds)
    {
        for (var second = 0; second < seconds; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }

        await Task.Delay(100);
    }
}
