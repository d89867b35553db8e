using Ampx.Core.Tasks;
using Ampx.Tests.Storage;
using Xunit;

namespace Ampx.Tests.Grains;

public sealed class TaskGrainTests : IDisposable
{
    private static readonly RunClaim Run = new("run-1", "worker-1", RunKind.Agent);
    private readonly StorageFolder files = new();

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task What_can_not_be_written_has_not_happened()
    {
        await using var silo = await Silo.Start(files);
        var order = Order();
        silo.Storage.LoseNext = true;
        await Assert.ThrowsAnyAsync<Exception>(() => silo.Task(order.Id).Create(order));
        Assert.Null(await silo.Task(order.Id).Find());

        var task = await silo.Task(order.Id).Create(order);
        silo.Storage.LoseNext = true;
        await Assert.ThrowsAnyAsync<Exception>(() => silo.Task(order.Id).Claim(task.Step, Run));
        Assert.Equal((Phase.WaitingForWorker, 1), await Now(silo, order.Id));

        Assert.NotNull(await silo.Task(order.Id).Claim(task.Step, Run));
        Assert.Equal("created,claimed", await Timeline(order.Id));
    }

    [Fact]
    public async Task A_database_that_somebody_holds_for_a_moment_is_waited_for()
    {
        await using var silo = await Silo.Start(files);
        var order = Order();
        await silo.Task(order.Id).Find(); // what an activation reads at its start is Orleans' own to repeat
        silo.Storage.Busy = 2;
        var task = await silo.Task(order.Id).Create(order);
        silo.Storage.Busy = 2;
        var claimed = await silo.Task(order.Id).Claim(task.Step, Run);
        silo.Storage.Busy = 2;
        Assert.True(await silo.Task(order.Id).MayPush(claimed!.Step, Run.RunId));
        Assert.Equal("created,claimed", await Timeline(order.Id));
    }

    [Fact]
    public async Task What_was_written_has_happened_though_nobody_heard_it()
    {
        await using var silo = await Silo.Start(files);
        var order = Order();
        silo.Storage.ForgetNext = true;
        await Assert.ThrowsAnyAsync<Exception>(() => silo.Task(order.Id).Create(order));
        var task = await silo.Task(order.Id).Create(order);
        Assert.Equal(1, task.Version);

        silo.Storage.ForgetNext = true;
        await Assert.ThrowsAnyAsync<Exception>(() => silo.Task(order.Id).Claim(task.Step, Run));
        var mine = await silo.Task(order.Id).Claim(task.Step, Run);
        Assert.Equal(Run, mine?.Run);
        Assert.Null(await silo.Task(order.Id).Claim(task.Step, Run with { RunId = "run-2" }));

        var ready = new Prepared("main", "base", "base", null, null);
        silo.Storage.ForgetNext = true;
        await Assert.ThrowsAnyAsync<Exception>(() => silo.Task(order.Id).Tell(ready, mine!.Step));
        Assert.Null(await silo.Task(order.Id).Tell(ready, mine!.Step));
        Assert.Equal("created,claimed,prepared", await Timeline(order.Id));
    }

    [Fact]
    public async Task Nobody_sees_what_is_not_written_yet()
    {
        await using var silo = await Silo.Start(files);
        var order = Order();
        var task = await silo.Task(order.Id).Create(order);
        var disk = new TaskCompletionSource();
        silo.Storage.Gate = disk.Task;
        var claim = silo.Task(order.Id).Claim(task.Step, Run);
        for (var look = 0; look < 5; look++)
        {
            Assert.Equal((Phase.WaitingForWorker, 1), await Now(silo, order.Id));
            await Task.Delay(20);
        }

        disk.SetResult();
        Assert.Equal(2, (await claim)?.Version);
        Assert.Equal((Phase.Preparing, 2), await Now(silo, order.Id));
    }

    [Fact]
    public async Task Of_many_claims_one_wins_and_may_push()
    {
        await using var silo = await Silo.Start(files);
        var order = Order();
        var task = await silo.Task(order.Id).Create(order);
        var claims = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => silo.Task(order.Id).Claim(task.Step, Run with { RunId = $"run-{n}" })));
        var winner = Assert.Single(claims, claim => claim is not null)!;
        Assert.True(await silo.Task(order.Id).MayPush(winner.Step, winner.Run!.RunId));
        Assert.False(await silo.Task(order.Id).MayPush(task.Step, winner.Run.RunId));
        Assert.False(await silo.Task(order.Id).MayPush(winner.Step, "run-99"));

        Assert.Null(await silo.Task(order.Id).Order(new AbortRequested { By = "ada" }, null));
        Assert.False(await silo.Task(order.Id).MayPush(winner.Step, winner.Run.RunId));
        Assert.Null(await silo.Task(order.Id).Tell(new Prepared("main", "base", "base", null, null), winner.Step));
        Assert.Equal(Phase.Stopping, (await silo.Task(order.Id).Find())!.Phase);
    }

    private static NewTask Order() => new() { Id = Ulid.NewUlid().ToString(), Owner = "ada", Repo = "acme/shop", Forge = ForgeKind.GitHub, Agent = "amp", Prompt = "Mend the till" };

    private static async Task<(Phase, int)> Now(Silo silo, string id) => await silo.Task(id).Find() is { } task ? (task.Phase, task.Version) : throw new InvalidOperationException("no task");

    private Task<string> Timeline(string id) => files.Scalar<string>($"SELECT group_concat(cause) FROM (SELECT cause FROM task_timeline WHERE task_id = '{id}' ORDER BY version)");
}
