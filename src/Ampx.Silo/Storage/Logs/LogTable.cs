using System.Data.Common;
using Dapper;

namespace Ampx.Silo.Storage.Logs;

/// <summary>One row to store; <see cref="RunId"/> is null for lines of Ampx's own.</summary>
internal sealed record LogRow(
    string TaskId, int Attempt, string Source, string Stream, long Time, string? RunId, long? ByteFrom, long? ByteTo, int Count, string Lines)
{
    /// <summary>Texts become stored lines: a line feed inside parts a line in two, and NUL, which no database's text holds, is shown as a sign.</summary>
    public static LogRow Of(string taskId, int attempt, string source, string stream, DateTimeOffset time, IEnumerable<string> lines, LogChunk? run = null)
    {
        var list = lines.SelectMany(line => line.Split('\n')).Select(line => line.Replace('\0', '\u2400')).ToList();
        return new LogRow(taskId, attempt, source, stream, time.ToUnixTimeMilliseconds(), run?.RunId, run?.ByteFrom, run?.ByteTo, list.Count, string.Join('\n', list));
    }
}

/// <summary>The SQL of the log's table.</summary>
internal static class LogTable
{
    // Takes the next seq in the same statement. Bytes that are stored already (sent twice, or by a follower that has been replaced) give no row.
    private const string Insert =
        """
        INSERT INTO log_chunk (task_id, first_seq, last_seq, attempt, source, stream, time, run_id, byte_from, byte_to, lines)
        SELECT @TaskId, task.seq + 1, task.seq + @Count, @Attempt, @Source, @Stream, @Time, @RunId, @ByteFrom, @ByteTo, @Lines
        FROM (SELECT coalesce(max(last_seq), 0) AS seq FROM log_chunk WHERE task_id = @TaskId) task
        WHERE @RunId IS NULL
           OR @ByteFrom >= coalesce((SELECT byte_to FROM log_chunk WHERE run_id = @RunId AND stream = @Stream ORDER BY byte_from DESC LIMIT 1), 0)
        RETURNING last_seq
        """;

    private const string LargestByte = "SELECT byte_to FROM log_chunk WHERE run_id = @runId AND stream = @stream ORDER BY byte_from DESC LIMIT 1";

    private const string DeleteSome = "DELETE FROM log_chunk WHERE chunk IN (SELECT chunk FROM log_chunk WHERE task_id = @taskId LIMIT 200)";

    /// <summary>Stores rows in one transaction.</summary>
    /// <returns>Each row's last seq; null where it was refused.</returns>
    public static async Task<long?[]> Store(Database database, IReadOnlyList<LogRow> rows, CancellationToken cancel)
    {
        await using var connection = await database.LogWriter.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (database.LogLock is { } wait) await connection.ExecuteAsync(wait, new { tasks = rows.Select(row => row.TaskId).Distinct().ToArray() }, transaction);
        var seqs = new long?[rows.Count];
        for (var i = 0; i < rows.Count; i++) seqs[i] = await connection.ExecuteScalarAsync<long?>(Insert, rows[i], transaction);
        await transaction.CommitAsync(cancel);
        return seqs;
    }

    public static async Task<long> Largest(DbDataSource readers, string runId, string stream, CancellationToken cancel) =>
        (await readers.Rows(LargestByte, new { runId, stream }, row => row.GetInt64(0), cancel)).FirstOrDefault();

    /// <summary>How far each task's log reaches; those without a line are left out. One statement, a step into the index for each task.</summary>
    public static Task<List<(string TaskId, long LastSeq)>> Reach(DbDataSource readers, IReadOnlyList<string> tasks, CancellationToken cancel)
    {
        var args = new DynamicParameters();
        for (var i = 0; i < tasks.Count; i++) args.Add($"task{i}", tasks[i]);
        return readers.Rows($"""
            WITH task(id) AS (VALUES {string.Join(", ", tasks.Select((_, i) => $"(@task{i})"))})
            SELECT id, seq FROM (SELECT id, (SELECT max(last_seq) FROM log_chunk WHERE task_id = id) AS seq FROM task) reach WHERE seq IS NOT NULL
            """, args, row => (row.GetString(0), row.GetInt64(1)), cancel);
    }

    /// <summary>Deletes a task's rows a few at a time, so that other writes get in between.</summary>
    public static async Task Delete(DbDataSource writer, string taskId, CancellationToken cancel)
    {
        while (true)
        {
            await using var connection = await writer.OpenConnectionAsync(cancel);
            if (await connection.ExecuteAsync(new CommandDefinition(DeleteSome, new { taskId }, cancellationToken: cancel)) == 0) return;
        }
    }
}
