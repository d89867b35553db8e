using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Dapper;

namespace Ampx.Silo.Notifications;

/// <summary>A task's end that a channel is to be told of.</summary>
/// <param name="Tries">Those made before this one.</param>
/// <param name="Task">As it ended; null where its state can't be read.</param>
internal sealed record DueNotification(long Id, string Channel, DateTimeOffset CreatedAt, int Tries, TaskState? Task);

/// <summary>The notifications that wait. The database notes them in the commit that ends a task, for each channel that is set up.</summary>
internal sealed class NotificationTable(Database database, StoredStates states, TimeProvider clock)
{
    private const int Most = 20;

    // Of several silos each takes others; what one of them has taken comes back when it isn't done with it in time.
    private readonly string take =
        $"""
        UPDATE notification SET due_at = @until, tries = tries + 1
        WHERE id IN (SELECT id FROM notification WHERE due_at <= @now ORDER BY due_at LIMIT {Most}{(database.IsShared ? " FOR UPDATE SKIP LOCKED" : "")})
        RETURNING id, channel, created_at, tries - 1, body
        """;

    /// <summary>From now on ends are noted for these channels, and no others; what waits for another one is forgotten.</summary>
    public Task SetUp(IEnumerable<string> channels, IEnumerable<string> statuses, CancellationToken cancel) => Task.Run(async () =>
    {
        var names = channels.ToArray();
        await using var connection = await database.Writer.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM notify_channel", transaction: transaction, cancellationToken: cancel));
        foreach (var name in names)
            await connection.ExecuteAsync(new CommandDefinition("INSERT INTO notify_channel (name, statuses) VALUES (@name, @statuses)", new { name, statuses = $",{string.Join(',', statuses)}," }, transaction, cancellationToken: cancel));
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM notification WHERE channel NOT IN (SELECT name FROM notify_channel)", transaction: transaction, cancellationToken: cancel));
        await transaction.CommitAsync(cancel);
    }, cancel);

    /// <summary>Takes what is due; nobody else has it for so long.</summary>
    public Task<IReadOnlyList<DueNotification>> Take(TimeSpan hold, CancellationToken cancel) => Task.Run<IReadOnlyList<DueNotification>>(async () =>
    {
        var now = clock.GetUtcNow();
        await using var connection = await database.Writer.OpenConnectionAsync(cancel);
        await using var reader = await connection.ExecuteReaderAsync(new CommandDefinition(take, new { now = now.ToUnixTimeMilliseconds(), until = (now + hold).ToUnixTimeMilliseconds() }, cancellationToken: cancel));
        var due = new List<DueNotification>();
        while (await reader.ReadAsync(cancel))
            due.Add(new(reader.GetInt64(0), reader.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)), reader.GetInt32(3), states.Read($"notification {reader.GetInt64(0)}", reader.GetString(4))));
        return due;
    }, cancel);

    /// <summary>It has been told, or will never be.</summary>
    public Task Remove(long id, CancellationToken cancel) => Execute("DELETE FROM notification WHERE id = @id", new { id }, cancel);

    /// <summary>It is tried again then.</summary>
    public Task Postpone(long id, DateTimeOffset until, CancellationToken cancel) =>
        Execute("UPDATE notification SET due_at = @until WHERE id = @id", new { id, until = until.ToUnixTimeMilliseconds() }, cancel);

    private Task Execute(string sql, object args, CancellationToken cancel) => Task.Run(async () =>
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(sql, args, cancellationToken: cancel));
    }, cancel);
}
