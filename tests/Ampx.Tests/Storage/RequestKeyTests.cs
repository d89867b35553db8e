using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Storage;

public sealed class RequestKeysOnSqlite() : RequestKeyTests(new StorageFolder());

public sealed class RequestKeysOnPostgres() : RequestKeyTests(StorageFolder.OnPostgres());

/// <summary>What Idempotency-Keys stand for.</summary>
public abstract class RequestKeyTests : IDisposable
{
    private readonly StorageFolder files;
    private readonly FakeTimeProvider time = new(StorageFolder.Start);
    private readonly RequestKeys keys;

    protected RequestKeyTests(StorageFolder files) => (this.files, keys) = (files, new RequestKeys(files.Database, time));

    public void Dispose()
    {
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_first_use_of_a_key_stays_whoever_comes_again_also_in_another_process()
    {
        var first = new RequestKey("hash-1", "01A");
        Assert.Null(await keys.Find("ada", "k", StorageFolder.Soon));
        Assert.Equal(first, await keys.Keep("ada", "k", first, StorageFolder.Soon));
        using var other = files.Open();
        var there = new RequestKeys(other, time);
        Assert.Equal(first, await there.Keep("ada", "k", new("hash-2", "01B"), StorageFolder.Soon));
        Assert.Equal(first, await there.Find("ada", "k", StorageFolder.Soon));
    }

    [Fact]
    public async Task Keys_of_different_owners_are_different_keys()
    {
        var (ada, bob) = (new RequestKey("hash-1", "01A"), new RequestKey("hash-2", "01B"));
        Assert.Equal(ada, await keys.Keep("ada", "k", ada, StorageFolder.Soon));
        Assert.Equal(bob, await keys.Keep("bob", "k", bob, StorageFolder.Soon));
        Assert.Equal(ada, await keys.Find("ada", "k", StorageFolder.Soon));
        Assert.Null(await keys.Find("ada", "K", StorageFolder.Soon));
    }

    [Fact]
    public async Task Of_many_at_once_one_wins_and_all_hear_of_it()
    {
        using var other = files.Open();
        var processes = new[] { keys, new RequestKeys(other, time) };
        var heard = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => processes[n % 2].Keep("ada", "k", new("hash", $"task-{n}"), StorageFolder.Soon)));
        Assert.Single(heard.Distinct());
    }

    [Fact]
    public async Task After_a_day_a_key_is_new_again_and_leaves_no_row()
    {
        await keys.Keep("ada", "k", new("hash", "01A"), StorageFolder.Soon);
        time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        Assert.NotNull(await keys.Find("ada", "k", StorageFolder.Soon));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await keys.Find("ada", "k", StorageFolder.Soon));
        await keys.Keep("ada", "other", new("hash", "01B"), StorageFolder.Soon);
        Assert.Equal(1, await files.Scalar<int>("SELECT count(*) FROM request_key"));
        Assert.Equal("01C", (await keys.Keep("ada", "k", new("hash-2", "01C"), StorageFolder.Soon)).TaskId);
    }

    [Fact]
    public async Task A_key_of_a_task_that_was_removed_says_so()
    {
        var task = StorageFolder.NewTask();
        await keys.Keep("ada", "k", new("hash", task.Id), StorageFolder.Soon);
        await files.Save(task);
        Assert.False((await keys.Find("ada", "k", StorageFolder.Soon))!.Removed);
        await files.Delete(task.Id);
        Assert.True((await keys.Find("ada", "k", StorageFolder.Soon))!.Removed);
    }

    [Fact]
    public async Task A_task_that_is_removed_is_noted_in_the_same_commit_with_what_its_clearing_up_needs()
    {
        var task = StorageFolder.NewTask(repo: "acme/shop") with { Checkpoint = "c0ffee" };
        await files.Save(task);
        Assert.Equal(0, await files.Scalar<int>("SELECT count(*) FROM removed_task"));
        await files.Delete(task.Id);
        Assert.Equal(
            $"{task.Id} acme/shop {Core.AmpxJson.Word(ForgeKind.GitHub)} c0ffee",
            await files.Scalar<string>("SELECT task_id || ' ' || repo || ' ' || forge || ' ' || checkpoint FROM removed_task"));
        Assert.InRange(await files.Scalar<long>("SELECT removed_at FROM removed_task"), TimeProvider.System.GetUtcNow().AddMinutes(-1).ToUnixTimeMilliseconds(), TimeProvider.System.GetUtcNow().AddMinutes(1).ToUnixTimeMilliseconds());
        foreach (var table in new[] { "task_index", "task_timeline", "task_attempt" }) Assert.Equal(0, await files.Scalar<int>($"SELECT count(*) FROM {table}"));
    }
}
