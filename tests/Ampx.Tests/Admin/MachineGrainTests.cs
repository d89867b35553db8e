using Ampx.Silo.Admin;
using Ampx.Tests.Storage;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Xunit;

namespace Ampx.Tests.Admin;

public sealed class MachineGrainTests : IDisposable
{
    private readonly StorageFolder files = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task A_machine_is_asked_where_it_is_and_nobody_acts_for_another()
    {
        Func<IMachineGrain, Task<bool>>[] calls =
            [async machine => await machine.Look() is not null, async machine => await machine.EndRun("01JX") is not null, async machine => await machine.ReleaseTree("01JX") is not null,
                async machine => await machine.Forget(new("01JX", "acme/shop", Core.Tasks.ForgeKind.GitHub, null, StorageFolder.Start)) is not null];
        await using var silos = await Grains.Silo.Start((short)calls.Length, files, null);
        var all = (await silos.Grains.GetGrain<IManagementGrain>(0).GetHosts(true)).Keys.ToList();
        foreach (var (number, call) in calls.Index())
        {
            var machine = silos.Grains.GetGrain<IMachineGrain>(all[number].ToParsableString());
            Assert.False(await At(all[(number + 1) % all.Count], () => call(machine)), "another silo acted for it");
            // It goes there by itself, as soon as the activation in the wrong place has ended.
            var deadline = StorageFolder.Soon;
            while (!await At(all[number], () => call(machine))) await Task.Delay(20, deadline);
        }
    }

    private static async Task<bool> At(SiloAddress silo, Func<Task<bool>> call)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
        return await call();
    }
}
