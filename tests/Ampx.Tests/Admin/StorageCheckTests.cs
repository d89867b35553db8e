using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Admin;
using Ampx.Silo.Storage;
using Ampx.Tests.Storage;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Ampx.Tests.Admin;

public sealed class StorageCheckOnSqlite() : StorageCheckTests(new StorageFolder());

public sealed class StorageCheckOnPostgres() : StorageCheckTests(StorageFolder.OnPostgres());

public abstract class StorageCheckTests : IAsyncLifetime
{
    private static readonly StoredStates States = new(NullLogger<StoredStates>.Instance);
    private readonly StorageFolder files;
    private readonly StorageCheck check;
    private readonly StorageRepair repair;
    private TaskState task = StorageFolder.NewTask();

    protected StorageCheckTests(StorageFolder files) => (this.files, check, repair) = (files, new StorageCheck(files.Database), new StorageRepair(files.Database));

    /// <summary>Two tasks; the one that is damaged is at version 3, with an attempt.</summary>
    public async ValueTask InitializeAsync()
    {
        await files.Save(StorageFolder.NewTask(owner: "bob"));
        await files.Save(task);
        foreach (var version in new[] { 2, 3 })
        {
            task = task with { Version = version, Last = new Transition($"cause{version}", "agent", null), Attempt = new Attempt { Number = 1, Instruction = "a\0b", StartedAt = StorageFolder.Start, Outcome = $"{version}" } };
            await files.Save(task);
        }
    }

    public ValueTask DisposeAsync()
    {
        files.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Nothing_differs_in_what_was_only_written()
    {
        Assert.Empty(await check.Look(StorageFolder.Soon));
        Assert.Equal((2, 4), await check.Count(StorageFolder.Soon));
    }

    [Theory]
    [InlineData("index", "UPDATE task_index SET status = 'success', shard = 99 WHERE task_id = @id")]
    [InlineData("index", "UPDATE task_index SET owner = 'eve' WHERE task_id = @id")]
    [InlineData("index", "DELETE FROM task_index WHERE task_id = @id")]
    [InlineData("timeline", "DELETE FROM task_timeline WHERE task_id = @id AND version = 3")]
    [InlineData("timeline", "DELETE FROM task_timeline WHERE task_id = @id AND version = 1")]
    [InlineData("timeline", "DELETE FROM task_timeline WHERE task_id = @id")]
    [InlineData("timeline", "UPDATE task_timeline SET cause = 'other' WHERE task_id = @id AND version = 3")]
    [InlineData("timeline", "UPDATE task_timeline SET version = 4 WHERE task_id = @id AND version = 3")]
    [InlineData("attempt", "DELETE FROM task_attempt WHERE task_id = @id")]
    [InlineData("attempt", "UPDATE task_attempt SET body = '{}' WHERE task_id = @id")]
    public async Task Damage_is_found_and_mended(string kind, string damage)
    {
        await Do(damage, task.Id);
        var found = await check.Look(StorageFolder.Soon);
        Assert.NotEmpty(found);
        Assert.All(found, finding => Assert.Equal((kind, task.Id), (finding.Kind, finding.TaskId)));
        await repair.Rebuild(task.Id, StorageFolder.Soon);
        Assert.Empty(await check.Look(StorageFolder.Soon));
        await files.Save(task with { Version = 4 });
        Assert.Empty(await check.Look(StorageFolder.Soon));
    }

    [Theory]
    [InlineData("index", "UPDATE task_index SET task_id = @id WHERE owner = 'ada'")]
    [InlineData("timeline", "INSERT INTO task_timeline SELECT @id, version, time, status, phase, attempt, cause, caused_by, detail FROM task_timeline WHERE version = 3")]
    [InlineData("attempt", "INSERT INTO task_attempt VALUES (@id, 1, '{}')")]
    public async Task Rows_of_no_task_are_found_and_removed(string kind, string damage)
    {
        const string Nobody = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
        await Do(damage, Nobody);
        var found = await check.Look(StorageFolder.Soon);
        Assert.Contains(found, finding => (finding.Kind, finding.TaskId) == (kind, Nobody));
        foreach (var finding in found) await repair.Rebuild(finding.TaskId!, StorageFolder.Soon);
        Assert.Empty(await check.Look(StorageFolder.Soon));
    }

    [Fact]
    public async Task A_lost_entry_of_the_past_is_said_to_be_lost()
    {
        await Do("DELETE FROM task_timeline WHERE task_id = @id AND version = 2", task.Id);
        await repair.Rebuild(task.Id, StorageFolder.Soon);
        Assert.Equal(["created", "entry_lost", "cause3"], (await Index().Timeline(task.Id, StorageFolder.Soon)).Select(entry => entry.Cause));
    }

    [Fact]
    public async Task A_state_that_this_version_can_t_read_is_named_and_hides_no_other()
    {
        var changes = new TaskChangeTable(files.Database, States);
        var mark = await changes.Now(StorageFolder.Soon);
        await Do("""UPDATE OrleansStorage SET PayloadBinary = replace(PayloadBinary, '"phase":"waiting_for_worker"', '"phase":"reviewing"'), Version = Version + 1 WHERE PayloadBinary LIKE '%' || @id || '%'""", task.Id);
        var finding = Assert.Single(await check.Look(StorageFolder.Soon));
        Assert.Equal(("state", task.Id), (finding.Kind, finding.TaskId));
        Assert.Contains("this version can't read it", finding.Detail, StringComparison.Ordinal);
        Assert.Equal("bob", Assert.Single((await Index().List(new TaskFilter(), StorageFolder.Soon)).Tasks).Owner);
        await files.Save(StorageFolder.NewTask(owner: "carol"));
        Assert.Equal("carol", Assert.Single((await changes.Since(mark, StorageFolder.Soon)).Tasks).Owner);
        Assert.Empty(await changes.Of([task.Id], StorageFolder.Soon));
    }

    private TaskIndex Index() => new(files.Database.Readers, States);

    private async Task Do(string sql, string id)
    {
        await using var connection = await files.Database.Writer.OpenConnectionAsync();
        Assert.NotEqual(0, await connection.ExecuteAsync(sql, new { id }));
    }
}
