using Ampx.Core.Tasks;

namespace Ampx.Silo.Storage;

/// <summary>Reads what the database notes of each commit that changes a task.</summary>
public sealed class TaskChangeTable(Database database, StoredStates states) : ITaskChanges
{
    // One statement each, so that mark and rows are of one snapshot. SQLite's mark is the last change read, PostgreSQL's the oldest transaction still open.
    private readonly string now = database.IsShared
        ? "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        : "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'task_change'), 0)";

    private readonly string since = database.IsShared
        ? """
          SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, c.task_id, s.body FROM task_change c JOIN task_index i ON i.task_id = c.task_id
          JOIN state_body s ON s.state_row = i.state_row WHERE c.tx >= @mark::text::xid8 ORDER BY c.tx
          """
        : """
          SELECT c.change, c.task_id, s.body FROM task_change c JOIN task_index i ON i.task_id = c.task_id
          JOIN state_body s ON s.state_row = i.state_row WHERE c.change > @mark ORDER BY c.change LIMIT 500
          """;

    /// <inheritdoc/>
    public async Task<long> Now(CancellationToken cancel) => (await database.Readers.Rows(now, null, row => row.GetInt64(0), cancel))[0];

    /// <inheritdoc/>
    public async Task<TaskChanges> Since(long mark, CancellationToken cancel)
    {
        // No row tells no mark: the old one is as good, since nothing lies between.
        var rows = await database.Readers.Rows(since, new { mark }, row => (Mark: row.GetInt64(0), Task: states.Read(row.GetString(1), row.GetString(2))), cancel);
        return new(rows.Count > 0 ? rows[^1].Mark : mark, [.. rows.Select(row => row.Task).OfType<TaskState>()]);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TaskState>> Of(IReadOnlyList<string> ids, CancellationToken cancel)
    {
        var (list, args) = RowReading.In(ids);
        var rows = await database.Readers.Rows(
            $"SELECT i.task_id, s.body FROM task_index i JOIN state_body s ON s.state_row = i.state_row WHERE i.task_id IN {list} ORDER BY i.task_id DESC",
            args, row => states.Read(row.GetString(0), row.GetString(1)), cancel);
        return [.. rows.OfType<TaskState>()];
    }
}
