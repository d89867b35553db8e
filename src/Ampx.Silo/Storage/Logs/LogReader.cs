using System.Data.Common;
using Ampx.Core.Logs;
using Dapper;

namespace Ampx.Silo.Storage.Logs;

/// <summary>Reads a task's log. With <see cref="LogQuery.Tail"/> a page begins at the last so many entries that match and still ends at its limit.</summary>
public sealed class LogReader(DbDataSource readers, LogSignals signals) : ILogReader
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<LogEntry>> Read(string taskId, LogQuery query, CancellationToken cancel) => Task.Run(async () =>
    {
        var limit = Math.Max(1, query.Limit);
        if (query.Tail is not { } tail) return await Take(taskId, query, backwards: false, limit, cancel);
        var last = await Take(taskId, query, backwards: true, Math.Max(0, tail), cancel);
        return (IReadOnlyList<LogEntry>)[.. last.Reverse().Take(limit)];
    }, cancel);

    /// <inheritdoc/>
    public Task Changed(string taskId, long after, CancellationToken cancel) => signals.Changed(taskId, after, cancel);

    private async Task<IReadOnlyList<LogEntry>> Take(string taskId, LogQuery query, bool backwards, int count, CancellationToken cancel)
    {
        var entries = new List<LogEntry>();
        if (count == 0) return entries;
        var (sql, args) = Select(taskId, query, backwards);
        await using var connection = await readers.OpenConnectionAsync(cancel);
        await using var rows = await connection.ExecuteReaderAsync(new CommandDefinition(sql, args, cancellationToken: cancel));
        for (var characters = 0; await rows.ReadAsync(cancel);)
        {
            var lines = Entries(rows).Where(entry => entry.Seq > query.After);
            entries.AddRange((backwards ? lines.Reverse() : lines).Take(count - entries.Count));
            characters += rows.GetString(5).Length;
            if (entries.Count >= count || characters >= query.Characters) break;
        }

        return entries;
    }

    private static IEnumerable<LogEntry> Entries(DbDataReader row)
    {
        var (seq, time, source, attempt, stream) = (row.GetInt64(0), row.Time(1), row.GetString(2), row.GetInt32(3), row.GetString(4));
        return row.GetString(5).Split('\n').Select((text, i) => new LogEntry(seq + i, time, source, attempt, stream, text));
    }

    private static (string Sql, DynamicParameters Args) Select(string taskId, LogQuery query, bool backwards)
    {
        var args = new DynamicParameters(new { taskId, after = query.After });
        var sql = "SELECT first_seq, time, source, attempt, stream, lines FROM log_chunk WHERE task_id = @taskId AND last_seq > @after AND last_seq >= first_seq";
        if (query.Attempt is { } attempt) Also("attempt = @attempt", "attempt", attempt);
        if (query.Since is { } since) Also("time >= @since", "since", since.ToUnixTimeMilliseconds());
        if (query.Sources is { } sources)
        {
            var names = sources.Select((_, i) => $"source{i}").ToList();
            for (var i = 0; i < names.Count; i++) args.Add(names[i], sources[i]);
            sql += names.Count == 0 ? " AND 1 = 0" : $" AND source IN ({string.Join(", ", names.Select(name => "@" + name))})";
        }

        return ($"{sql} ORDER BY last_seq {(backwards ? "DESC" : "ASC")}", args);

        void Also(string term, string name, object value)
        {
            sql += $" AND {term}";
            args.Add(name, value);
        }
    }
}
