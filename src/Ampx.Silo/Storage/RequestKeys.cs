using System.Data.Common;
using Ampx.Core.Api;
using Dapper;

namespace Ampx.Silo.Storage;

/// <inheritdoc cref="IRequestKeys"/>
public sealed class RequestKeys(Database database, TimeProvider clock) : IRequestKeys
{
    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    private const string Known =
        """
        SELECT body_hash, task_id, CASE WHEN EXISTS (SELECT 1 FROM removed_task r WHERE r.task_id = k.task_id) THEN 1 ELSE 0 END
        FROM request_key k WHERE owner = @owner AND key = @key AND created_at > @old
        """;

    private const string Forget = "DELETE FROM request_key WHERE created_at <= @old";

    // Of two processes with the same new key, the second waits here for the first one's commit and finds its row then.
    private const string Insert =
        "INSERT INTO request_key (owner, key, body_hash, task_id, created_at) VALUES (@owner, @key, @BodyHash, @TaskId, @now) ON CONFLICT (owner, key) DO NOTHING";

    /// <inheritdoc/>
    public async Task<RequestKey?> Find(string owner, string key, CancellationToken cancel) =>
        (await database.Readers.Rows(Known, new { owner, key, old = Oldest() }, Row, cancel)).SingleOrDefault();

    /// <inheritdoc/>
    public Task<RequestKey> Keep(string owner, string key, RequestKey use, CancellationToken cancel) => Task.Run(async () =>
    {
        var args = new { owner, key, use.BodyHash, use.TaskId, now = clock.GetUtcNow().ToUnixTimeMilliseconds(), old = Oldest() };
        await using var connection = await database.Writer.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        foreach (var statement in new[] { Forget, Insert })
            await connection.ExecuteAsync(new CommandDefinition(statement, args, transaction, cancellationToken: cancel));
        RequestKey kept;
        await using (var reader = await connection.ExecuteReaderAsync(new CommandDefinition(Known, args, transaction, cancellationToken: cancel)))
        {
            await reader.ReadAsync(cancel);
            kept = Row(reader);
        }

        await transaction.CommitAsync(cancel);
        return kept;
    }, cancel);

    private long Oldest() => (clock.GetUtcNow() - KeptFor).ToUnixTimeMilliseconds();

    private static RequestKey Row(DbDataReader row) => new(row.GetString(0), row.GetString(1), row.GetInt32(2) == 1);
}
