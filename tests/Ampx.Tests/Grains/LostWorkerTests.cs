using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using Ampx.Silo.Storage;
using Ampx.Tests.Storage;
using Dapper;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>A cluster's queue gives a run away when no agent of it can be alive any more, and not before.</summary>
public sealed class LostWorkerTests : IDisposable
{
    private const string Worker = "worker-1";
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(20), Tick = TimeSpan.FromSeconds(2);
    private static readonly RunClaim Run = new("run-1", Worker, RunKind.Agent);
    private readonly StorageFolder files = new();
    private readonly FakeTimeProvider time = new(StorageFolder.Start);
    private readonly WorkerTable table;
    private long beat;

    public LostWorkerTests() => table = new WorkerTable(files.Database);

    public void Dispose() => files.Dispose();

    [Fact]
    public async Task Signs_of_life_in_the_database_keep_a_run_whichever_queue_its_worker_talks_to()
    {
        await using var silo = await Silo.StartLeased(files, time);
        var task = await silo.PlantRun(Run);
        for (var sign = 0; sign < 4; sign++)
        {
            await Sign(Lease);
            await Pass(silo, TimeSpan.FromSeconds(16));
        }

        Assert.Equal(Run, (await silo.Task(task.Id).Find())?.Run);
        await Pass(silo, TimeSpan.FromSeconds(14));
        var lost = await Lost(silo, task.Id);
        Assert.Equal((1, true), (lost.Attempts, lost.RunCounted));
    }

    [Fact]
    public async Task Beats_to_one_queue_keep_nothing_for_there_may_be_another()
    {
        await using var silo = await Silo.StartLeased(files, time);
        var task = await silo.PlantRun(Run);
        HeldRun held = new(task.Id, task.Repo, Run);
        // A new queue knows nothing for a lease and what a supervisor needs to end its agent.
        for (var sign = 0; sign < 11; sign++)
        {
            await silo.Queue.Beat(Worker, [held]);
            await Pass(silo, Tick);
        }

        Assert.Equal(Run, (await silo.Task(task.Id).Find())?.Run);
        for (var sign = 0; sign < 4; sign++)
        {
            await silo.Queue.Beat(Worker, [held]);
            await Pass(silo, Tick);
        }

        await Lost(silo, task.Id);
    }

    [Fact]
    public async Task A_silo_that_stopped_in_order_is_waited_for_as_long_as_it_said()
    {
        await using var silo = await Silo.StartLeased(files, time);
        var task = await silo.PlantRun(Run);
        await Sign(TimeSpan.FromMinutes(2));
        await Pass(silo, TimeSpan.FromSeconds(118));
        Assert.Equal(Run, (await silo.Task(task.Id).Find())?.Run);
        await Pass(silo, TimeSpan.FromSeconds(14));
        await Lost(silo, task.Id);
    }

    [Fact]
    public async Task Nobody_is_given_up_while_the_signs_of_life_cannot_be_read()
    {
        await using var silo = await Silo.StartLeased(files, time);
        var task = await silo.PlantRun(Run);
        await Sign(Lease);
        await Pass(silo, Tick);
        await Execute("ALTER TABLE worker RENAME TO away");
        await Pass(silo, TimeSpan.FromMinutes(2));
        Assert.Equal(Run, (await silo.Task(task.Id).Find())?.Run);
        await Execute("ALTER TABLE away RENAME TO worker");
        await Sign(Lease);
        await Pass(silo, TimeSpan.FromSeconds(16));
        Assert.Equal(Run, (await silo.Task(task.Id).Find())?.Run);
    }

    [Fact]
    public async Task A_queue_that_stood_still_forgives()
    {
        await using var silo = await Silo.StartLeased(files, time);
        var task = await silo.PlantRun(Run);
        await Sign(Lease);
        await Pass(silo, TimeSpan.FromSeconds(10));
        await Pass(silo, TimeSpan.FromHours(1), steps: 1);
        await Pass(silo, TimeSpan.FromSeconds(16));
        Assert.Equal(Run, (await silo.Task(task.Id).Find())?.Run);
        await Pass(silo, TimeSpan.FromSeconds(14));
        await Lost(silo, task.Id);
    }

    [Fact]
    public async Task A_task_whose_silo_died_with_the_worker_is_told_as_soon_as_it_can_be()
    {
        await using var silo = await Silo.StartLeased(files, time);
        var task = await silo.PlantRun(Run);
        Assert.NotNull(await silo.Task(task.Id).Find());
        silo.Storage.LoseNext = true;
        await Pass(silo, TimeSpan.FromSeconds(40));
        await Lost(silo, task.Id);
        Assert.False(silo.Storage.LoseNext);
        Assert.Equal(1, await files.Scalar<int>("SELECT count(*) FROM task_timeline WHERE cause = 'worker_lost'"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sign_of_life_that_was_given_up_and_arrives_late_takes_nothing_back(bool postgres)
    {
        using var folder = postgres ? StorageFolder.OnPostgres() : new StorageFolder();
        var signs = new WorkerTable(folder.Database);
        Assert.Equal(0, await signs.LastBeat(Worker, StorageFolder.Soon));
        Assert.True(await signs.Beat(new(Worker, 1, Lease), StorageFolder.Soon));
        var leave = new WorkerRow(Worker, 3, TimeSpan.FromMinutes(2));
        Assert.True(await signs.Beat(leave, StorageFolder.Soon));
        Assert.False(await signs.Beat(new(Worker, 2, Lease), StorageFolder.Soon));
        Assert.False(await signs.Beat(new(Worker, 3, Lease), StorageFolder.Soon));
        Assert.Equal([leave], await signs.All(StorageFolder.Soon));
        Assert.False(await signs.Remove(leave with { Beat = 2 }, StorageFolder.Soon));
        Assert.True(await signs.Remove(leave, StorageFolder.Soon));
        Assert.Empty(await signs.All(StorageFolder.Soon));
    }

    /// <summary>The task once it has been told; a busy machine may need some ticks more.</summary>
    private async Task<TaskState> Lost(Silo silo, string id)
    {
        for (var ticks = 0; ticks < 100; ticks++)
        {
            if (await silo.Task(id).Find() is { Run: null } task) return task;
            await Pass(silo, Tick);
        }

        throw new TimeoutException($"task {id} still has its run");
    }

    private async Task Sign(TimeSpan heldFor) => Assert.True(await table.Beat(new(Worker, ++beat, heldFor), StorageFolder.Soon));

    private async Task Execute(string sql)
    {
        await using var connection = await files.Database.Writer.OpenConnectionAsync();
        await connection.ExecuteAsync(sql);
    }

    /// <summary>Time passes in ticks, as it does for a process that runs; each tick has read the signs of life before the next.</summary>
    private async Task Pass(Silo silo, TimeSpan span, int? steps = null)
    {
        var count = steps ?? (int)(span / Tick);
        for (var step = 0; step < count; step++)
        {
            time.Advance(span / count);
            await Task.Delay(50);
            await silo.Queue.Workers();
        }
    }
}
