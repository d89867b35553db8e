using System.Data.Common;
using Ampx.Core;
using Ampx.Core.Api;
using Dapper;

namespace Ampx.Silo.Storage;

/// <inheritdoc cref="ITokenStore"/>
public sealed class TokenTable(Database database) : ITokenStore
{
    private const string Columns = "t.token_id, t.name, t.user_name, t.role, t.created_at, t.expires_at, t.last_used_at";
    private const string OfTicket = $"SELECT {Columns} FROM sign_in s JOIN api_token t ON t.token_id = s.token_id WHERE s.hash = @hash AND s.kind = @kind AND s.expires_at > @now";
    private const string Insert = "INSERT INTO api_token (token_id, hash, name, user_name, role, created_at, expires_at) SELECT @Id, @hash, @Name, @User, @role, @created, @expires";
    private const string OtherAdmin = "SELECT 1 FROM api_token o WHERE o.role = 'admin' AND (o.expires_at IS NULL OR o.expires_at > @now) AND o.token_id <> @Id";

    // What is decided by other rows than the one that changes needs the table for itself; on SQLite a writer has it anyway.
    private const string Alone = "LOCK TABLE api_token IN SHARE ROW EXCLUSIVE MODE";

    /// <inheritdoc/>
    public async Task<ApiToken?> Find(string hash, CancellationToken cancel) =>
        (await database.Readers.Rows($"SELECT {Columns} FROM api_token t WHERE t.hash = @hash", new { hash }, Row, cancel)).SingleOrDefault();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ApiToken>> All(CancellationToken cancel) =>
        await database.Readers.Rows($"SELECT {Columns} FROM api_token t ORDER BY t.created_at, t.token_id", null, Row, cancel);

    /// <inheritdoc/>
    public Task Add(ApiToken token, string hash, CancellationToken cancel) => Write(async run => await run(Insert, Args(token, hash)), cancel);

    /// <inheritdoc/>
    public Task<bool> AddAdmin(ApiToken token, string hash, CancellationToken cancel) => Write(async run =>
    {
        if (database.IsShared) await run(Alone, null);
        return await run($"{Insert} WHERE NOT EXISTS ({OtherAdmin})", Args(token, hash)) == 1;
    }, cancel);

    /// <inheritdoc/>
    public Task<Revocation> Remove(string id, DateTimeOffset now, CancellationToken cancel) => Write(async run =>
    {
        if (database.IsShared) await run(Alone, null);
        var args = new { Id = id, now = now.ToUnixTimeMilliseconds() };
        if (await run($"DELETE FROM api_token WHERE token_id = @Id AND (role <> 'admin' OR expires_at <= @now OR EXISTS ({OtherAdmin}))", args) == 1)
        {
            await run("DELETE FROM sign_in WHERE token_id = @Id", args);
            return Revocation.Done;
        }

        // A row that is there after all was spared; this changes nothing of it.
        return await run("UPDATE api_token SET name = name WHERE token_id = @Id", args) == 1 ? Revocation.LastAdmin : Revocation.Unknown;
    }, cancel);

    /// <inheritdoc/>
    public Task Used(IReadOnlyDictionary<string, DateTimeOffset> lastUses, CancellationToken cancel) => Write(async run =>
    {
        // In one order everywhere, or two gateways would wait for each other.
        foreach (var (id, at) in lastUses.OrderBy(use => use.Key, StringComparer.Ordinal))
            await run("UPDATE api_token SET last_used_at = @at WHERE token_id = @id AND (last_used_at IS NULL OR last_used_at < @at)", new { id, at = at.ToUnixTimeMilliseconds() });
        return true;
    }, cancel);

    /// <inheritdoc/>
    public Task Issue(Ticket kind, string hash, string tokenId, DateTimeOffset until, DateTimeOffset now, CancellationToken cancel) => Write(async run =>
    {
        await run("DELETE FROM sign_in WHERE expires_at <= @now", new { now = now.ToUnixTimeMilliseconds() });
        return await run(
            "INSERT INTO sign_in (hash, kind, token_id, expires_at) VALUES (@hash, @kind, @tokenId, @until)",
            new { hash, kind = AmpxJson.Word(kind), tokenId, until = until.ToUnixTimeMilliseconds() });
    }, cancel);

    /// <inheritdoc/>
    public async Task<ApiToken?> Read(Ticket kind, string hash, DateTimeOffset now, CancellationToken cancel) =>
        (await database.Readers.Rows(OfTicket, new { hash, kind = AmpxJson.Word(kind), now = now.ToUnixTimeMilliseconds() }, Row, cancel)).SingleOrDefault();

    /// <inheritdoc/>
    public async Task<ApiToken?> Take(Ticket kind, string hash, DateTimeOffset now, CancellationToken cancel)
    {
        var token = await Read(kind, hash, now, cancel);
        var taken = await Write(async run => await run("DELETE FROM sign_in WHERE hash = @hash AND kind = @kind", new { hash, kind = AmpxJson.Word(kind) }) == 1, cancel);
        return taken ? token : null;
    }

    /// <summary>One transaction, off the caller's thread.</summary>
    private Task<T> Write<T>(Func<Func<string, object?, Task<int>>, Task<T>> work, CancellationToken cancel) => Task.Run(async () =>
    {
        await using var connection = await database.Writer.OpenConnectionAsync(cancel);
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        var result = await work((sql, args) => connection.ExecuteAsync(new CommandDefinition(sql, args, transaction, cancellationToken: cancel)));
        await transaction.CommitAsync(cancel);
        return result;
    }, cancel);

    private static object Args(ApiToken token, string hash) => new
    {
        token.Id,
        hash,
        token.Name,
        token.User,
        role = AmpxJson.Word(token.Role),
        now = token.CreatedAt.ToUnixTimeMilliseconds(),
        created = token.CreatedAt.ToUnixTimeMilliseconds(),
        expires = token.ExpiresAt?.ToUnixTimeMilliseconds(),
    };

    private static ApiToken Row(DbDataReader row) =>
        new(row.GetString(0), row.GetString(1), row.GetString(2), row.Word<Role>(3), row.Time(4), row.TimeOrNull(5), row.TimeOrNull(6));
}
