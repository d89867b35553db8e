using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Ampx.Tests.Storage;

public sealed class TaskChangesOnSqlite() : TaskChangeTests(new StorageFolder());

public sealed class TaskChangesOnPostgres() : TaskChangeTests(StorageFolder.OnPostgres())
{
    [Fact]
    public async Task A_change_that_commits_after_a_later_one_is_not_missed()
    {
        await using var slow = await Files.Database.Writer.OpenConnectionAsync();
        await using var transaction = await slow.BeginTransactionAsync();
        var first = StorageFolder.NewTask(forge: ForgeKind.Git);
        var mark = await Changes.Now(StorageFolder.Soon);
        await Files.Save(first);
        (_, mark) = await Since(mark);
        // Its transaction has a number already, and another with a higher one is seen before it commits.
        await slow.ExecuteAsync("UPDATE task_index SET step = step WHERE task_id = @Id", new { first.Id }, transaction);
        var second = StorageFolder.NewTask(forge: ForgeKind.Git);
        await Files.Save(second);
        (var seen, mark) = await Since(mark);
        Assert.Contains(second.Id, seen);
        await transaction.CommitAsync();
        Assert.Contains(first.Id, (await Since(mark)).Ids);
    }
}

public abstract class TaskChangeTests : IDisposable
{
    protected TaskChangeTests(StorageFolder files) => (Files, Changes) = (files, new TaskChangeTable(files.Database, new(NullLogger<StoredStates>.Instance)));

    protected StorageFolder Files { get; }

    private protected TaskChangeTable Changes { get; }

    public void Dispose()
    {
        Files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Each_change_after_the_mark_is_told_with_the_task_as_it_is_now()
    {
        var old = StorageFolder.NewTask(forge: ForgeKind.Git);
        await Files.Save(old);
        var mark = await Changes.Now(StorageFolder.Soon);
        var fresh = StorageFolder.NewTask(forge: ForgeKind.Git);
        await Files.Save(fresh);
        await Files.Save(old with { Version = 2, Summary = "moved" });
        var found = await Changes.Since(mark, StorageFolder.Soon);
        Assert.Equal(new[] { (fresh.Id, 1), (old.Id, 2) }.Order(), found.Tasks.Select(task => (task.Id, task.Version)).Order());

        await Files.Save(old with { Version = 3 });
        Assert.Contains((old.Id, 3), (await Changes.Since(found.Mark, StorageFolder.Soon)).Tasks.Select(task => (task.Id, task.Version)));
        Assert.Equal([old.Id], (await Changes.Of([old.Id, "01JD3Z8M4N5P6Q7R8S9TAK3F9Q"], StorageFolder.Soon)).Select(task => task.Id));
    }

    [Fact]
    public async Task Writers_and_a_reader_at_once_miss_nothing()
    {
        var mark = await Changes.Now(StorageFolder.Soon);
        var tasks = Enumerable.Range(0, 60).Select(_ => StorageFolder.NewTask(forge: ForgeKind.Git)).ToList();
        var writing = Task.Run(async () =>
        {
            foreach (var task in tasks) await Files.Save(task);
        });
        HashSet<string> all = [];
        for (var last = false; ; last = writing.IsCompleted)
        {
            (var ids, mark) = await Since(mark);
            all.UnionWith(ids);
            if (last) break;
        }

        await writing;
        Assert.Equal(tasks.Select(task => task.Id).Order(), all.Order());
    }

    private protected async Task<(IReadOnlyList<string> Ids, long Mark)> Since(long mark)
    {
        var found = await Changes.Since(mark, StorageFolder.Soon);
        return ([.. found.Tasks.Select(task => task.Id)], found.Mark);
    }
}
