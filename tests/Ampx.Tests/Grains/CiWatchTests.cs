using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using Ampx.Tests.Storage;
using Xunit;

namespace Ampx.Tests.Grains;

public sealed class CiWatchTests : IDisposable
{
    private readonly StorageFolder files = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_watch_finds_who_waits_and_shows_a_forge_that_stays_silent()
    {
        // Nobody listens there.
        await using var silo = await Silo.Start(files, null, ("Ci:PollInterval", "00:00:00.1"), ("GitHub:ApiUrl", "http://127.0.0.1:9/"), ("GitHub:Token", "none"));
        var waiting = await silo.Plant(Silo.NewTask() with { Phase = Phase.WaitingForCi, HeadSha = new string('a', 40), CiSince = StorageFolder.Start });
        var moved = await silo.Plant(Silo.NewTask() with { Phase = Phase.Done, HeadSha = new string('a', 40), NextWakeAt = null });
        var watch = silo.Grains.GetGrain<ICiWatchGrain>("ci-github.com/acme/shop");
        await watch.Watch(moved.Id, moved.Step);
        var after = await silo.Until(waiting.Id, task => task.Phase is not Phase.WaitingForCi);
        Assert.Equal((Phase.BackingOff, ErrorCodes.CiInfrastructure, 1), (after.Phase, after.Error?.Code, after.StepFailures));
        Assert.Equal(moved.Version, (await silo.Task(moved.Id).Find())!.Version);
    }

    [Fact]
    public async Task A_task_whose_host_is_no_GitHub_any_more_ends_and_keeps_nobody_from_starting()
    {
        await using var silo = await Silo.Start(files, null, ("Ci:PollInterval", "00:00:00.1"), ("GitHub:WebUrl", "https://ghe.acme.com/"));
        var task = await silo.Plant(Silo.NewTask(repo: "https://github.com/acme/shop") with { Phase = Phase.WaitingForCi, HeadSha = new string('a', 40), NextWakeAt = StorageFolder.Start });
        await silo.Grains.GetGrain<IWakeGrain>(0).Start();
        await silo.Wake(task.Id).Start();
        var after = await silo.Until(task.Id, now => now.Phase is Phase.Done);
        Assert.Equal((Status.Error, ErrorCodes.InvalidRepo), (after.Status, after.Error?.Code));
    }
}
