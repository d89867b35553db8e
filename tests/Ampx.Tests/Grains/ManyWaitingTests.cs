using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using Ampx.Silo.Storage;
using Ampx.Tests.FakeGitHub;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>Hundreds of tasks that wait: the small form of <c>ampx-bench waiting</c>, which prints what ten thousand cost.</summary>
public sealed class ManyWaitingTests
{
    private const int Each = 250;

    [Fact]
    public async Task After_a_start_all_who_wait_for_CI_are_watched_by_few_calls_and_all_who_back_off_are_woken_in_time()
    {
        await using var stage = await WatchStage.Start();
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, Each);
        var due = new Dictionary<string, DateTimeOffset>();
        var begin = TimeProvider.System.GetUtcNow();
        for (var i = 0; i < Each; i++)
        {
            var task = await stage.Silo.Plant(Silo.NewTask(repo: "acme/shop") with { Phase = Phase.BackingOff, Status = Status.Retrying, Resume = Phase.WaitingForWorker, UpdatedAt = begin, NextWakeAt = begin.AddMilliseconds(i * 20) });
            due[task.Id] = task.NextWakeAt!.Value;
        }

        for (var shard = 0; shard < WakeShard.Count; shard++) await stage.Silo.Grains.GetGrain<IWakeGrain>(shard).Start();
        foreach (var (task, _) in waiting) await stage.SeesCi(task);
        var calls = stage.Calls.Count;
        foreach (var (id, time) in due)
        {
            var woken = await stage.Silo.Until(id, now => now.Phase is not Phase.BackingOff);
            Assert.True(woken.UpdatedAt >= time, $"woken at {woken.UpdatedAt:O}, before its time {time:O}");
        }

        Assert.InRange(calls, 1, Each / 2);
        foreach (var (_, run) in waiting) stage.Complete(repository, run);
        foreach (var (task, _) in waiting) Assert.Equal(Status.Success, (await stage.Ended(task)).Status);
    }
}
