using System.Data.Common;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Logs;
using Dapper;
using Orleans.Concurrency;

namespace Ampx.Silo.Admin;

/// <summary>What is known of a task that was removed; its state is gone.</summary>
/// <param name="Checkpoint">What its own ref at the remote was last; null = nothing is there.</param>
[GenerateSerializer, Immutable, Alias("ampx.removed-task.v1")]
internal sealed record RemovedTask(string TaskId, string Repo, ForgeKind Forge, string? Checkpoint, DateTimeOffset RemovedAt);

/// <summary>
/// Removes what is kept of removed tasks beside their state. The state's removal left a row for each in the same commit, which stays until everything is gone,
/// so that neither a crash nor a machine that is away leaves anything behind for good.
/// </summary>
internal sealed class RemovedTasks(Database database, Machines machines, TimeProvider clock)
{
    /// <summary>A row outlives the Idempotency-Key of its task, which is known for a day, and every line that was on its way to the log yet.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromHours(25);

    /// <summary>A machine or a remote that is away is waited for so long.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    private const string Columns = "SELECT task_id, repo, forge, checkpoint, removed_at FROM removed_task";

    private const int Page = 200;

    /// <summary>Clears up after one task; nothing if it wasn't removed.</summary>
    /// <returns>False if a machine or the remote has to be asked again.</returns>
    public async Task<bool> Clear(string taskId, CancellationToken cancel) =>
        (await database.Readers.Rows($"{Columns} WHERE task_id = @taskId", new { taskId }, Row, cancel)).SingleOrDefault() is not { } task || await Clear(task, cancel);

    /// <summary>Clears up after all of them, and forgets those of which nothing is left.</summary>
    /// <returns>Of how many something could not be removed now.</returns>
    public async Task<int> Sweep(CancellationToken cancel)
    {
        var (after, left) = ("", 0);
        while (true)
        {
            var page = await database.Readers.Rows($"{Columns} WHERE task_id > @after ORDER BY task_id LIMIT @Page", new { after, Page }, Row, cancel);
            if (page.Count == 0) return left;
            after = page[^1].TaskId;
            foreach (var task in page)
            {
                var cleared = await Clear(task, cancel);
                var age = clock.GetUtcNow() - task.RemovedAt;
                if (age > Longest || (cleared && age > Shortest)) await Forget(task.TaskId, cancel);
                else if (!cleared) left++;
            }
        }
    }

    private async Task<bool> Clear(RemovedTask task, CancellationToken cancel)
    {
        await Task.Run(() => LogTable.Delete(database.LogWriter, task.TaskId, cancel), cancel);
        return await machines.Forget(task, cancel);
    }

    private async Task Forget(string taskId, CancellationToken cancel)
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM removed_task WHERE task_id = @taskId", new { taskId }, cancellationToken: cancel));
    }

    private static RemovedTask Row(DbDataReader row) =>
        new(row.GetString(0), row.GetString(1), row.Word<ForgeKind>(2), row.Text(3), row.Time(4));
}
