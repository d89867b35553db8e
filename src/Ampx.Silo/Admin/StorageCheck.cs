using System.Data.Common;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Dapper;

namespace Ampx.Silo.Admin;

/// <summary>
/// Compares index, timeline and attempts with the stored states. Each comparison is one statement, so it sees one moment, whatever is written
/// meanwhile; what they must be is what the database's own view and triggers make of the state.
/// </summary>
public sealed class StorageCheck(Database database)
{
    private static readonly string[] Columns =
    [
        "state_row", "ending", "shard", "owner", "repo", "forge", "created_at", "status", "phase", "step", "version", "head_sha", "ci_since", "run_id", "worker_id",
        "run_kind", "next_wake_at", "updated_at", "finished_at",
    ];

    private static readonly string Pairs = string.Join(", ", Columns.Select(column => $"CAST(r.{column} AS text), CAST(i.{column} AS text)"));
    private static readonly string Differ = string.Join(" OR ", Columns.Select(column => $"r.{column} IS DISTINCT FROM i.{column}"));

    /// <summary>Tables whose rows are all some task's.</summary>
    private static readonly (string Table, string Kind)[] Derived = [("task_index", "index"), ("task_timeline", "timeline"), ("task_attempt", "attempt")];

    /// <summary>How many tasks are stored, and how many entries their timelines have.</summary>
    public async Task<(int Tasks, int Entries)> Count(CancellationToken cancel) => (await database.Readers.Rows(
        "SELECT (SELECT count(*) FROM task_row), (SELECT count(*) FROM task_timeline)", null, row => (row.GetInt32(0), row.GetInt32(1)), cancel)).Single();

    /// <summary>All that differs.</summary>
    public async Task<IReadOnlyList<CheckFinding>> Look(CancellationToken cancel) =>
        [.. await Index(cancel), .. await Orphans(cancel), .. await Timelines(cancel), .. await LastEntries(cancel)];

    private Task<List<CheckFinding>> Index(CancellationToken cancel) => database.Readers.Rows(
        $"SELECT r.task_id, i.task_id, {Pairs} FROM task_row r LEFT JOIN task_index i ON i.task_id = r.task_id WHERE i.task_id IS NULL OR {Differ}", null,
        row => row.IsDBNull(1)
            ? new CheckFinding("index", row.GetString(0), "task_index", "the task has no row")
            : new CheckFinding("index", row.GetString(0), "task_index", string.Join("; ", Columns.Index()
                .Select(column => (column.Item, State: row.Text(2 + (2 * column.Index)), Row: row.Text(3 + (2 * column.Index))))
                .Where(column => column.State != column.Row).Select(column => $"{column.Item} is {column.Row ?? "empty"}, not {column.State ?? "empty"}"))),
        cancel);

    private async Task<IReadOnlyList<CheckFinding>> Orphans(CancellationToken cancel)
    {
        var found = new List<CheckFinding>();
        foreach (var (table, kind) in Derived)
        {
            found.AddRange(await database.Readers.Rows(
                $"SELECT task_id, count(*) FROM {table} WHERE task_id NOT IN (SELECT task_id FROM task_row) GROUP BY task_id", null,
                row => new CheckFinding(kind, row.GetString(0), table, $"there is no such task, but {row.GetInt64(1)} of its rows"), cancel));
        }

        return found;
    }

    /// <summary>An entry for each version: none missing, none from the future.</summary>
    private Task<List<CheckFinding>> Timelines(CancellationToken cancel) => database.Readers.Rows(
        """
        SELECT r.task_id, r.version, count(t.version), coalesce(max(t.version), 0) FROM task_row r LEFT JOIN task_timeline t ON t.task_id = r.task_id
        GROUP BY r.task_id, r.version HAVING count(t.version) <> r.version OR max(t.version) <> r.version
        """, null,
        row => new CheckFinding("timeline", row.GetString(0), "task_timeline", $"it has {row.GetInt64(2)} entries, the last of version {row.GetInt64(3)}; there must be one for each of the task's {row.GetInt64(1)} versions"), cancel);

    /// <summary>The last entry and the attempt say what the state says.</summary>
    private async Task<IReadOnlyList<CheckFinding>> LastEntries(CancellationToken cancel) => [.. (await database.Readers.Rows(
        """
        SELECT s.body, t.status, t.phase, t.attempt, t.cause, t.caused_by, a.number, a.body, r.task_id FROM task_row r JOIN state_body s ON s.state_row = r.state_row
        JOIN task_timeline t ON t.task_id = r.task_id AND t.version = r.version
        LEFT JOIN task_attempt a ON a.task_id = r.task_id AND a.number = (SELECT max(number) FROM task_attempt WHERE task_id = r.task_id)
        """, null, Compare, cancel)).SelectMany(found => found)];

    private static List<CheckFinding> Compare(DbDataReader row)
    {
        var found = new List<CheckFinding>();
        TaskState task;
        try
        {
            task = StoredStates.Parse(row.GetString(0));
        }
        catch (JsonException unreadable)
        {
            return [new("state", row.GetString(8), "task_row", $"this version can't read it: {unreadable.Message}")];
        }

        var entry = $"{row.GetString(1)}/{row.GetString(2)}, attempt {row.GetInt32(3)}, {row.GetString(4)} by {row.GetString(5)}";
        var last = $"{AmpxJson.Word(task.Status)}/{AmpxJson.Word(task.Phase)}, attempt {task.Attempts}, {task.Last.Cause} by {task.Last.By}";
        if (entry != last) found.Add(new("timeline", task.Id, "task_timeline", $"entry {task.Version} says {entry}, the task {last}"));
        if (task.Attempt is { } attempt && (row.IsDBNull(6) || row.GetInt32(6) != attempt.Number || !Same(attempt, row.GetString(7))))
            found.Add(new("attempt", task.Id, "task_attempt", $"attempt {attempt.Number} is missing or not as the task has it"));
        return found;
    }

    /// <summary>Databases write JSON in their own ways, and PostgreSQL shows a NUL as a sign.</summary>
    private static bool Same(Attempt attempt, string stored)
    {
        try
        {
            return Text(attempt) == Text(JsonSerializer.Deserialize<Attempt>(stored, AmpxJson.Options)!);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Text(Attempt attempt) => JsonSerializer.Serialize(attempt, AmpxJson.Options).Replace("\\u0000", "\u2400", StringComparison.Ordinal).Replace("\\u2400", "\u2400", StringComparison.Ordinal);
}
