using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Storage;
using Orleans.TestingHost;
using Xunit;

namespace Ampx.Tests.Storage;

public sealed class OrleansStorageOnSqlite() : OrleansStorageTests(new StorageFolder());

public sealed class OrleansStorageOnPostgres() : OrleansStorageTests(StorageFolder.OnPostgres());

public abstract class OrleansStorageTests(StorageFolder files) : IDisposable
{

    public void Dispose()
    {
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task State_comes_back_after_a_restart()
    {
        var task = StorageFolder.NewTask();
        await using (var cluster = await Begin())
        {
            var grain = Keeper(cluster, task.Id);
            await grain.Save(task);
            task = task with { Version = 2, Phase = Phase.Preparing, Run = new RunClaim("run-1", "worker-1", RunKind.Agent), PendingInstructions = ["and the docs"] };
            await grain.Save(task);
        }

        await using var again = await Begin();
        var loaded = await Keeper(again, task.Id).Load();
        Assert.Equal(Json(task), Json(loaded));
        Assert.Equal(2, await files.Scalar<int>("SELECT count(*) FROM task_timeline"));
    }

    [Fact]
    public async Task A_reminder_outlives_the_service()
    {
        await using (var cluster = await Begin())
        {
            await Keeper(cluster, "one").Remind("wake");
            await Keeper(cluster, "one").Remind("wake");
            await Keeper(cluster, "two").Remind("wake");
        }

        await using var again = await Begin();
        Assert.Equal(["wake"], await Keeper(again, "one").Reminders());
        var table = again.GetSiloServiceProvider().GetRequiredService<IReminderTable>();
        var (one, all) = (Keeper(again, "one").GetGrainId(), await table.ReadRows(0, 0));
        Assert.Equal(2, all.Reminders.Count);

        var hash = one.GetUniformHashCode();
        Assert.Equal([one], (await table.ReadRows(hash - 1, hash)).Reminders.Select(r => r.GrainId));
        Assert.DoesNotContain(one, (await table.ReadRows(hash, hash - 1)).Reminders.Select(r => r.GrainId));

        var row = await table.ReadRow(one, "wake");
        Assert.NotNull(row);
        Assert.False(await table.RemoveRow(one, "wake", "99"));
        Assert.True(await table.RemoveRow(one, "wake", row.ETag!));
        Assert.Empty(await Keeper(again, "one").Reminders());
    }

    [Fact]
    public async Task Of_two_writers_one_wins_and_the_other_leaves_no_trace()
    {
        await using var cluster = await Begin();
        var (storage, task) = (Storage(cluster), StorageFolder.NewTask());
        var id = Keeper(cluster, task.Id).GetGrainId();
        var first = new GrainState<TaskState>(task);
        await storage.WriteStateAsync("task", id, first);

        var second = new GrainState<TaskState>(task with { Version = 2, Phase = Phase.Preparing });
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("task", id, second));
        second.ETag = first.ETag;
        await storage.WriteStateAsync("task", id, second);
        first.State = task with { Version = 3, Phase = Phase.Stopping };
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("task", id, first));
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearStateAsync("task", id, first));

        Assert.Equal("preparing 2", await files.Scalar<string>("SELECT phase || ' ' || version FROM task_index"));
        Assert.Equal("2 1 2", await files.Scalar<string>("SELECT count(*) || ' ' || min(version) || ' ' || max(version) FROM task_timeline"));
    }

    [Fact]
    public async Task A_writer_that_comes_after_the_deletion_is_refused()
    {
        await using var cluster = await Begin();
        var (storage, task) = (Storage(cluster), StorageFolder.NewTask());
        var grain = Keeper(cluster, task.Id);
        await grain.Save(task);
        var late = new GrainState<TaskState>();
        await storage.ReadStateAsync("task", grain.GetGrainId(), late);
        await grain.Forget();

        late.State = task with { Version = 2 };
        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteStateAsync("task", grain.GetGrainId(), late));
        Assert.Equal(0, await files.Scalar<int>("SELECT (SELECT count(*) FROM OrleansStorage) + (SELECT count(*) FROM task_index) + (SELECT count(*) FROM task_timeline)"));

        await grain.Save(task);
        Assert.Equal(task.Id, (await grain.Load())?.Id);
    }

    [Fact]
    public async Task Keys_that_look_like_numbers_stay_apart_behind_a_prefix_and_other_states_are_no_tasks()
    {
        string[] keys = ["note-ab", "note-AB", "note-00ab", "note-0", "note-00000000000000000000000000000000"];
        await using (var cluster = await Begin())
        {
            foreach (var key in keys) await cluster.Client.GetGrain<INoteGrain>(key).Save(key);
        }

        await using var again = await Begin();
        foreach (var key in keys) Assert.Equal(key, await again.Client.GetGrain<INoteGrain>(key).Load());
        Assert.Equal(0, await files.Scalar<int>("SELECT count(*) FROM task_index"));
    }

    private async Task<InProcessTestCluster> Begin()
    {
        var builder = new InProcessTestClusterBuilder(1);
        builder.Options.ServiceId = "ampx";
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) => silo.AddAmpxStorage(files.Open));
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return cluster;
    }

    private static IKeeperGrain Keeper(InProcessTestCluster cluster, string id) => cluster.Client.GetGrain<IKeeperGrain>($"task-{id}");

    private static IGrainStorage Storage(InProcessTestCluster cluster) =>
        cluster.GetSiloServiceProvider().GetRequiredKeyedService<IGrainStorage>(StorageExtensions.StorageName);

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, AmpxJson.Options);
}
