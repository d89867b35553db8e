using Ampx.Core.Tasks;
using Ampx.Silo.Notifications;
using Ampx.Silo.Storage;
using Ampx.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Notifications;

public sealed class NotificationsOnSqlite() : NotificationTableTests(new StorageFolder());

public sealed class NotificationsOnPostgres() : NotificationTableTests(StorageFolder.OnPostgres());

/// <summary>Notifications are noted in the commit that ends a task, and wait for as long as it takes.</summary>
public abstract class NotificationTableTests(StorageFolder files) : IDisposable
{
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);
    private readonly FakeTimeProvider clock = new(StorageFolder.Start.AddHours(1));

    private NotificationTable Table => new(files.Database, new StoredStates(NullLogger<StoredStates>.Instance), clock);

    public void Dispose()
    {
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task An_end_is_noted_once_for_each_channel_that_wants_it()
    {
        await Table.SetUp(["webhook", "slack"], ["success", "error"], StorageFolder.Soon);
        var task = StorageFolder.NewTask();
        await files.Save(task);
        task = await End(task, Status.Success);
        // What becomes of its pull request afterwards is no end.
        await files.Save(task with { Version = 3, UpdatedAt = StorageFolder.Start.AddMinutes(2) });
        await End(StorageFolder.NewTask(), Status.NeedsReview);

        var due = await Table.Take(Hold, StorageFolder.Soon);
        Assert.Equal([("slack", task.Id, 2), ("webhook", task.Id, 2)], due.Select(one => (one.Channel, one.Task!.Id, one.Task.Version)).Order());
        Assert.All(due, one => Assert.Equal((0, task.FinishedAt), (one.Tries, one.CreatedAt)));
    }

    [Fact]
    public async Task A_task_that_goes_on_and_ends_again_is_told_again()
    {
        await Table.SetUp(["webhook"], ["success"], StorageFolder.Soon);
        var task = await End(StorageFolder.NewTask(), Status.Success);
        await files.Save(task with { Version = 3, FinishedAt = null, Status = Status.Queued });
        await End(task with { Version = 3 }, Status.Success);
        Assert.Equal([2, 4], (await Table.Take(Hold, StorageFolder.Soon)).Select(one => one.Task!.Version).Order());
    }

    [Fact]
    public async Task What_one_has_taken_another_gets_only_when_it_isnt_done_in_time()
    {
        await Table.SetUp(["webhook"], ["success"], StorageFolder.Soon);
        await End(StorageFolder.NewTask(), Status.Success);
        var first = Assert.Single(await Table.Take(Hold, StorageFolder.Soon));
        Assert.Empty(await Table.Take(Hold, StorageFolder.Soon));
        clock.Advance(Hold);
        Assert.Equal((first.Id, 1), Assert.Single(await Table.Take(Hold, StorageFolder.Soon)) is var again ? (again.Id, again.Tries) : default);

        await Table.Postpone(first.Id, clock.GetUtcNow().AddHours(1), StorageFolder.Soon);
        clock.Advance(Hold);
        Assert.Empty(await Table.Take(Hold, StorageFolder.Soon));
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Single(await Table.Take(Hold, StorageFolder.Soon));
        await Table.Remove(first.Id, StorageFolder.Soon);
        clock.Advance(TimeSpan.FromDays(1));
        Assert.Empty(await Table.Take(Hold, StorageFolder.Soon));
    }

    [Fact]
    public async Task Many_that_take_at_once_never_get_the_same()
    {
        await Table.SetUp(["webhook"], ["success"], StorageFolder.Soon);
        for (var i = 0; i < 60; i++) await End(StorageFolder.NewTask(), Status.Success);
        using var other = files.Open();
        var tables = new[] { Table, new NotificationTable(other, new StoredStates(NullLogger<StoredStates>.Instance), clock) };
        var taken = (await Task.WhenAll(Enumerable.Range(0, 8).Select(i => tables[i % 2].Take(Hold, StorageFolder.Soon)))).SelectMany(due => due.Select(one => one.Id)).ToList();
        Assert.Equal(60, taken.Count);
        Assert.Equal(60, taken.Distinct().Count());
    }

    [Fact]
    public async Task Without_a_channel_nothing_is_noted_and_what_waited_is_forgotten()
    {
        await Table.SetUp(["webhook"], ["success"], StorageFolder.Soon);
        await End(StorageFolder.NewTask(), Status.Success);
        await Table.SetUp([], [], StorageFolder.Soon);
        await End(StorageFolder.NewTask(), Status.Success);
        Assert.Equal(0, await files.Scalar<int>("SELECT count(*) FROM notification"));
    }

    private async Task<TaskState> End(TaskState task, Status status)
    {
        if (task.Version == 1) await files.Save(task);
        var ended = task with { Version = task.Version + 1, Status = status, Phase = Phase.Done, FinishedAt = StorageFolder.Start.AddMinutes(1) };
        await files.Save(ended);
        return ended;
    }
}
