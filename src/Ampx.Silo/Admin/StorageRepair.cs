using System.Data.Common;
using Ampx.Silo.Storage;
using Dapper;

namespace Ampx.Silo.Admin;

/// <summary>Makes index, timeline and attempts of a task what its stored state says, in one commit; without a state they go.</summary>
public sealed class StorageRepair(Database database)
{
    // Writing the state as it is lets the triggers derive everything anew; it also keeps the task's own writes out until the commit.
    private const string Derive =
        "UPDATE OrleansStorage SET PayloadBinary = PayloadBinary WHERE StateRow IN (SELECT state_row FROM task_row WHERE task_id = @taskId)";

    // Only what the state can't vouch for: the newest entry and what claims to be newer still.
    private const string Drop =
        """
        DELETE FROM task_index WHERE task_id = @taskId;
        DELETE FROM task_timeline WHERE task_id = @taskId AND version >= coalesce((SELECT version FROM task_row WHERE task_id = @taskId), 0);
        DELETE FROM task_attempt WHERE task_id = @taskId AND task_id NOT IN (SELECT task_id FROM task_row)
        """;

    private const string Known = "SELECT version FROM task_timeline WHERE task_id = @taskId ORDER BY version";

    // What happened then is lost; that something did is not.
    private const string Fill =
        """
        INSERT INTO task_timeline (task_id, version, time, status, phase, attempt, cause, caused_by, detail)
        SELECT task_id, @version, time, status, phase, attempt, 'entry_lost', 'system', 'This entry was lost; time, status and phase are those of the next one.'
        FROM task_timeline WHERE task_id = @taskId AND version > @version ORDER BY version LIMIT 1
        """;

    /// <summary>Derives the task's rows anew.</summary>
    public Task Rebuild(string taskId, CancellationToken cancel) => Task.Run(async () =>
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var exists = await Do(connection, transaction, Derive, new { taskId }, cancel) > 0;
        foreach (var statement in Drop.Split(';')) await Do(connection, transaction, statement, new { taskId }, cancel);
        if (exists)
        {
            await Do(connection, transaction, Derive, new { taskId }, cancel);
            var known = (await connection.QueryAsync<int>(new CommandDefinition(Known, new { taskId }, transaction, cancellationToken: cancel))).ToHashSet();
            foreach (var version in Enumerable.Range(1, known.Max()).Where(version => !known.Contains(version)).Reverse())
                await Do(connection, transaction, Fill, new { taskId, version }, cancel);
        }

        await transaction.CommitAsync(cancel);
    }, cancel);

    /// <summary>Removes a reminder's row.</summary>
    public Task Forget(string serviceId, string grainId, string name, CancellationToken cancel) => Task.Run(async () =>
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM OrleansRemindersTable WHERE ServiceId = @serviceId AND GrainId = @grainId AND ReminderName = @name", new { serviceId, grainId, name }, cancellationToken: cancel));
    }, cancel);

    private static Task<int> Do(DbConnection connection, DbTransaction transaction, string sql, object args, CancellationToken cancel) =>
        connection.ExecuteAsync(new CommandDefinition(sql, args, transaction, cancellationToken: cancel));
}
