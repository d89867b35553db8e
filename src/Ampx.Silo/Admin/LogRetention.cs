using System.ComponentModel.DataAnnotations;
using Ampx.Silo.Storage;
using Dapper;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Admin;

/// <summary>Section <c>Ampx:Logs</c>.</summary>
public sealed class LogOptions
{
    /// <summary>How long a task's log is kept after the task has ended.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "10000.00:00:00")]
    public TimeSpan RetainFor { get; set; } = TimeSpan.FromDays(30);
}

/// <summary>
/// Removes the logs of tasks that ended long ago and leaves a line in their place. A few rows at a time, so that other writes get in between;
/// broken off or done twice it does no harm.
/// </summary>
public sealed class LogRetention(Database database, IOptions<LogOptions> options, TimeProvider clock)
{
    /// <summary>What the log's own line has as run: it is removed no more.</summary>
    private const string Marker = "removed";
    private const int Page = 200;

    // An id begins with its time: no task that is younger can have ended so long ago.
    private const string Candidates =
        $"SELECT DISTINCT task_id FROM log_chunk WHERE task_id > @after AND task_id < @young AND coalesce(run_id, '') <> '{Marker}' ORDER BY task_id LIMIT @Page";

    private const string Mark =
        $"""
        INSERT INTO log_chunk (task_id, first_seq, last_seq, attempt, source, stream, time, run_id, lines)
        SELECT @taskId, max(last_seq) + 1, max(last_seq) + 1, max(attempt), 'system', 'out', @now, '{Marker}', @words FROM log_chunk WHERE task_id = @taskId
        HAVING count(*) > 0 RETURNING first_seq
        """;

    private const string Remove = "DELETE FROM log_chunk WHERE chunk IN (SELECT chunk FROM log_chunk WHERE task_id = @taskId AND last_seq < @seq LIMIT @Page)";

    /// <summary>Removes what is due now; returns of how many tasks.</summary>
    public Task<int> Sweep(CancellationToken cancel) => Task.Run(async () =>
    {
        var before = clock.GetUtcNow() - options.Value.RetainFor;
        var (after, removed) = ("", 0);
        while (true)
        {
            var page = await database.LogReaders.Rows(Candidates, new { after, young = Ulid.NewUlid(before, new byte[10]).ToString(), Page }, row => row.GetString(0), cancel);
            if (page.Count == 0) return removed;
            after = page[^1];
            foreach (var task in await Ended(page, before, cancel))
            {
                await RemoveLog(task, cancel);
                removed++;
            }
        }
    }, cancel);

    private async Task<IReadOnlyList<string>> Ended(IReadOnlyList<string> tasks, DateTimeOffset before, CancellationToken cancel)
    {
        var (list, args) = RowReading.In(tasks);
        args.Add("before", before.ToUnixTimeMilliseconds());
        return await database.Readers.Rows($"SELECT task_id FROM task_index WHERE task_id IN {list} AND finished_at < @before", args, row => row.GetString(0), cancel);
    }

    private async Task RemoveLog(string taskId, CancellationToken cancel)
    {
        // The line first: whoever finds a part of a log finds why.
        var seq = await MarkRemoved(taskId, cancel);
        while (true)
        {
            await using var connection = await database.LogWriter.OpenConnectionAsync(cancel);
            if (await connection.ExecuteAsync(new CommandDefinition(Remove, new { taskId, seq, Page }, cancellationToken: cancel)) == 0) return;
        }
    }

    private async Task<long> MarkRemoved(string taskId, CancellationToken cancel)
    {
        await using var connection = await database.LogWriter.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (database.LogLock is { } wait) await connection.ExecuteAsync(wait, new { tasks = new[] { taskId } }, transaction);
        var words = $"The log up to here was removed: the task had ended more than {Days(options.Value.RetainFor)} before (Logs:RetainFor).";
        // Above what is there, also above an earlier line of this kind: nobody who follows reads a number twice.
        var seq = await connection.ExecuteScalarAsync<long?>(Mark, new { taskId, now = clock.GetUtcNow().ToUnixTimeMilliseconds(), words }, transaction) ?? 0;
        await transaction.CommitAsync(cancel);
        return seq;
    }

    private static string Days(TimeSpan time) => time switch
    {
        { TotalDays: >= 2 } => $"{time.TotalDays:0} days",
        { TotalHours: >= 1 } => $"{time.TotalHours:0.#} hours",
        _ => $"{time.TotalMinutes:0.#} minutes",
    };
}
