using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Tasks;
using Dapper;

namespace Ampx.Silo.Storage;

/// <summary>Lists, timeline and attempts, read from what the database derived of each stored state. Beside the writer's way, never on it.</summary>
public sealed class TaskIndex(DbDataSource readers, StoredStates states) : ITaskIndex
{
    private const int EndingKept = 10;

    /// <inheritdoc/>
    public async Task<TaskPage> List(TaskFilter filter, CancellationToken cancel)
    {
        var limit = Math.Clamp(filter.Limit, 1, 200);
        var (where, args) = Where(filter);
        args.Add("rows", limit + 1);
        var sql = $"SELECT i.task_id, s.body FROM task_index i JOIN state_body s ON s.state_row = i.state_row {where} ORDER BY i.task_id DESC LIMIT @rows";
        var rows = await readers.Rows(sql, args, row => (Id: row.GetString(0), Task: states.Read(row.GetString(0), row.GetString(1))), cancel);
        return new TaskPage([.. rows.Take(limit).Select(row => row.Task).OfType<TaskState>()], rows.Count <= limit ? null : rows[limit - 1].Id);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> Resolve(string part, CancellationToken cancel)
    {
        const int Whole = 26;
        var id = part.Trim().ToUpperInvariant();
        if (id.Length is 0 or > Whole || !id.All(char.IsAsciiLetterOrDigit)) return [];
        if (id.Length == Whole) return await readers.Rows("SELECT task_id FROM task_index WHERE task_id = @id", new { id }, Id, cancel);

        // '~' sorts after every character of an id.
        var sql = "SELECT task_id FROM task_index WHERE task_id >= @id AND task_id < @idEnd";
        if (id.Length >= 4)
            sql += " UNION SELECT task_id FROM task_index WHERE ending >= @ending AND ending < @endingEnd AND substr(task_id, 27 - @length) = @id";
        var ending = new string([.. id.Reverse().Take(EndingKept)]);
        var args = new { id, idEnd = id + '~', ending, endingEnd = ending + '~', length = id.Length };
        return await readers.Rows($"{sql} ORDER BY task_id DESC LIMIT 10", args, Id, cancel);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<Status, int>> CountByStatus(CancellationToken cancel) => (await readers.Rows(
        "SELECT status, count(*) FROM task_index GROUP BY status", new { }, row => (Status: row.Word<Status>(0), Count: (int)row.GetInt64(1)), cancel)).ToDictionary(row => row.Status, row => row.Count);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<EndedTask>> Ended(DateTimeOffset since, CancellationToken cancel) => await readers.Rows(
        """
        SELECT i.status, i.created_at, i.finished_at, i.task_id, s.body,
          (SELECT t.time FROM task_timeline t WHERE t.task_id = i.task_id AND t.phase NOT IN ('waiting_for_worker', 'done') ORDER BY t.version LIMIT 1)
        FROM task_index i JOIN state_body s ON s.state_row = i.state_row WHERE i.finished_at >= @since ORDER BY i.finished_at
        """,
        new { since = since.ToUnixTimeMilliseconds() },
        row =>
        {
            var task = states.Read(row.GetString(3), row.GetString(4));
            DateTimeOffset? taken = row.Text(5) is { } time ? DateTimeOffset.Parse(time, CultureInfo.InvariantCulture) : null;
            return new EndedTask(row.Word<Status>(0), row.Time(1), taken, row.Time(2), task?.Attempt?.Number ?? 0, task?.Usage);
        },
        cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TimelineEntry>> Timeline(string taskId, CancellationToken cancel) => await readers.Rows(
        "SELECT version, time, status, phase, attempt, cause, caused_by, detail FROM task_timeline WHERE task_id = @taskId ORDER BY version",
        new { taskId },
        row => new TimelineEntry(row.GetInt32(0), DateTimeOffset.Parse(row.GetString(1), CultureInfo.InvariantCulture), row.Word<Status>(2), row.Word<Phase>(3),
            row.GetInt32(4), row.GetString(5), row.GetString(6), row.Text(7)),
        cancel);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Attempt>> Attempts(string taskId, CancellationToken cancel) => await readers.Rows(
        "SELECT body FROM task_attempt WHERE task_id = @taskId ORDER BY number", new { taskId }, row => JsonSerializer.Deserialize<Attempt>(row.GetString(0), AmpxJson.Options)!, cancel);

    private static (string Sql, DynamicParameters Args) Where(TaskFilter filter)
    {
        var args = new DynamicParameters();
        var terms = new List<string>();
        if (filter.Owner is { } owner) Term("i.owner = @owner", owner);
        if (filter.Repo is { } repo) Term("i.repo = @repo", repo);
        if (filter.Before is { } before) Term("i.task_id < @before", before);
        if (filter.Statuses is { } statuses)
            terms.Add(statuses.Count == 0 ? "1 = 0" : $"i.status IN ({string.Join(", ", statuses.Distinct().Select(s => $"'{AmpxJson.Word(s)}'"))})");
        return (terms.Count == 0 ? "" : "WHERE " + string.Join(" AND ", terms), args);

        void Term(string sql, string value)
        {
            terms.Add(sql);
            args.Add(sql[(sql.IndexOf('@', StringComparison.Ordinal) + 1)..], value);
        }
    }

    private static string Id(DbDataReader row) => row.GetString(0);
}
