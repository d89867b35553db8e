using Dapper;

namespace Ampx.Silo.Storage;

/// <summary>The workers' signs of life, in a cluster. The database orders them, so that all queues, however many a partition makes, see the same.</summary>
public sealed class WorkerTable(Database database)
{
    /// <summary>Everybody's last sign of life.</summary>
    public async Task<IReadOnlyList<WorkerRow>> All(CancellationToken cancel) =>
        await database.Readers.Rows("SELECT worker_id, beat, held_for FROM worker", null, Row, cancel);

    /// <summary>The number of the worker's last sign of life; 0 if it never gave one.</summary>
    public async Task<long> LastBeat(string workerId, CancellationToken cancel) =>
        (await database.Readers.Rows("SELECT worker_id, beat, held_for FROM worker WHERE worker_id = @workerId", new { workerId }, Row, cancel)).SingleOrDefault()?.Beat ?? 0;

    /// <summary>The worker lives and keeps its runs for so long from now on. False if a later sign of life is there: one that was given up may arrive late.</summary>
    public Task<bool> Beat(WorkerRow row, CancellationToken cancel) => Execute(
        """
        INSERT INTO worker (worker_id, beat, held_for) VALUES (@WorkerId, @Beat, @milliseconds)
        ON CONFLICT (worker_id) DO UPDATE SET beat = excluded.beat, held_for = excluded.held_for WHERE worker.beat < excluded.beat
        """,
        new { row.WorkerId, row.Beat, milliseconds = (long)row.HeldFor.TotalMilliseconds }, cancel);

    /// <summary>Forgets a worker that has given no sign of life since <paramref name="row"/>.</summary>
    public Task<bool> Remove(WorkerRow row, CancellationToken cancel) =>
        Execute("DELETE FROM worker WHERE worker_id = @WorkerId AND beat = @Beat", new { row.WorkerId, row.Beat }, cancel);

    private Task<bool> Execute(string sql, object args, CancellationToken cancel) => Task.Run(async () =>
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancel);
        return await connection.ExecuteAsync(new CommandDefinition(sql, args, cancellationToken: cancel)) > 0;
    }, cancel);

    private static WorkerRow Row(System.Data.Common.DbDataReader row) => new(row.GetString(0), row.GetInt64(1), TimeSpan.FromMilliseconds(row.GetInt64(2)));
}

/// <summary>A worker's sign of life.</summary>
/// <param name="Beat">Grows with each.</param>
/// <param name="HeldFor">How long the worker's runs are its own from then on.</param>
public sealed record WorkerRow(string WorkerId, long Beat, TimeSpan HeldFor);
