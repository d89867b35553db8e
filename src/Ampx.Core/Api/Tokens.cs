namespace Ampx.Core.Api;

/// <summary>What a caller may do; each role may also do what those before it may.</summary>
public enum Role
{
    /// <summary>Reads all tasks.</summary>
    Viewer,

    /// <summary>Also starts tasks; continues, aborts, merges and removes own ones.</summary>
    Member,

    /// <summary>Does so on everybody's tasks.</summary>
    Lead,

    /// <summary>Also tokens, drain, check and backup.</summary>
    Admin,
}

/// <summary>An API token, without its secret: that is shown once, and only its hash is kept.</summary>
/// <param name="Id">A ULID.</param>
/// <param name="Name">What it is for: <c>laptop</c>, <c>nightly</c>.</param>
/// <param name="User">Whose it is: owner of the tasks that it starts.</param>
/// <param name="ExpiresAt">From then on it is refused; null: never.</param>
/// <param name="LastUsedAt">To the minute; null: not yet.</param>
public sealed record ApiToken(string Id, string Name, string User, Role Role, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt)
{
    /// <summary>Whether it is past its time at <paramref name="now"/>.</summary>
    public bool HasExpired(DateTimeOffset now) => ExpiresAt <= now;
}

/// <summary>Body of <c>POST /tokens</c>; <see cref="User"/> is the name if not given, <see cref="Role"/> member, <see cref="ExpiresIn"/> never.</summary>
public sealed record CreateToken(string? Name, string? User = null, Role? Role = null, TimeSpan? ExpiresIn = null);

/// <summary>Answer of <c>POST /tokens</c>: the only place where <see cref="Token"/>, the secret, is ever shown.</summary>
public sealed record CreatedToken(
    string Id, string Name, string User, Role Role, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, string Token);

/// <summary>Answer of <c>GET /tokens</c>.</summary>
public sealed record TokenList(IReadOnlyList<ApiToken> Tokens);

/// <summary>The API tokens of all gateways. Secrets come and go as hashes only.</summary>
public interface ITokenStore
{
    /// <summary>The token whose secret has this hash, expired or not; null if there is none. Never from a memory of its own, so that a revoked one is refused at once everywhere.</summary>
    Task<ApiToken?> Find(string hash, CancellationToken cancel);

    /// <summary>All of them, oldest first.</summary>
    Task<IReadOnlyList<ApiToken>> All(CancellationToken cancel);

    /// <summary>Keeps a new one.</summary>
    Task Add(ApiToken token, string hash, CancellationToken cancel);

    /// <summary>Keeps an admin's if no admin has one that is still good; of however many gateways try at once, one does.</summary>
    Task<bool> AddAdmin(ApiToken token, string hash, CancellationToken cancel);

    /// <summary>Revokes a token, with all browsers that it signed in.</summary>
    Task<Revocation> Remove(string id, DateTimeOffset now, CancellationToken cancel);

    /// <summary>Notes when each was last used.</summary>
    Task Used(IReadOnlyDictionary<string, DateTimeOffset> lastUses, CancellationToken cancel);

    /// <summary>Keeps a browser's session or sign-in code of a token until <paramref name="until"/>, and forgets those that are past their time.</summary>
    Task Issue(Ticket kind, string hash, string tokenId, DateTimeOffset until, DateTimeOffset now, CancellationToken cancel);

    /// <summary>The token behind a session or code that is still good; null if there is none.</summary>
    Task<ApiToken?> Read(Ticket kind, string hash, DateTimeOffset now, CancellationToken cancel);

    /// <summary>Takes a session or code away: of several that try, one has it.</summary>
    Task<ApiToken?> Take(Ticket kind, string hash, DateTimeOffset now, CancellationToken cancel);
}

/// <summary>What a browser holds in a token's place.</summary>
public enum Ticket
{
    /// <summary>A cookie's content.</summary>
    Session,

    /// <summary>A sign-in link's code.</summary>
    Code,
}

/// <summary>How a revocation went.</summary>
public enum Revocation
{
    Done,

    /// <summary>There is no such token.</summary>
    Unknown,

    /// <summary>It is the last one of an admin that is still good: without it nobody could make another.</summary>
    LastAdmin,
}
