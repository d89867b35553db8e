using Ampx.Core.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Auth;

/// <summary>The API tokens that admins make and revoke.</summary>
internal sealed partial class IssuedTokens(IOptions<GatewayOptions> options, IServiceProvider services, TimeProvider time, ILogger<IssuedTokens> log)
{
    private ITokenStore Store => options.Value.Tokens
        ? services.GetRequiredService<ITokenStore>()
        : throw new RefusedException(StatusCodes.Status409Conflict, "conflict", "in mode local there is one token, the data folder's: set Ampx:Auth:Mode to tokens for others");

    public Task<IReadOnlyList<ApiToken>> All(CancellationToken cancel) => Store.All(cancel);

    /// <summary>Makes one; its secret is nowhere but in the answer.</summary>
    public async Task<CreatedToken> Create(CreateToken asked, Caller by, CancellationToken cancel)
    {
        var secret = Secrets.Token();
        var token = New(asked.Name!, asked.User ?? asked.Name!, asked.Role ?? Role.Member, asked.ExpiresIn, time.GetUtcNow());
        await Store.Add(token, Secrets.HashOf(secret), cancel);
        LogMade(token.Id, token.Name, token.User, token.Role, by.Name);
        return new(token.Id, token.Name, token.User, token.Role, token.CreatedAt, token.ExpiresAt, null, secret);
    }

    /// <summary>From now on no gateway takes it.</summary>
    /// <exception cref="RefusedException">404; 409: the last one of an admin.</exception>
    public async Task Revoke(string id, Caller by, CancellationToken cancel)
    {
        switch (await Store.Remove(id.ToUpperInvariant(), time.GetUtcNow(), cancel))
        {
            case Revocation.Unknown:
                throw RefusedException.NotFound($"there is no token '{(id.Length > 26 ? $"{id[..26]}…" : id)}': GET /tokens lists them");
            case Revocation.LastAdmin:
                throw new RefusedException(StatusCodes.Status409Conflict, "conflict", "this is the last token of an admin that is still good: make another first, or nobody could make one any more");
            default:
                LogRevoked(id.ToUpperInvariant(), by.Name);
                break;
        }
    }

    internal static ApiToken New(string name, string user, Role role, TimeSpan? expiresIn, DateTimeOffset now)
    {
        // As it is stored: to the millisecond.
        now = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        return new(Ulid.NewUlid(now).ToString(), name, user, role, now, now + expiresIn, null);
    }

    [LoggerMessage(LogLevel.Information, "token {Token} ({Name}) of {User}, {Role}, was made by {By}")]
    private partial void LogMade(string token, string name, string user, Role role, string by);

    [LoggerMessage(LogLevel.Information, "token {Token} was revoked by {By}")]
    private partial void LogRevoked(string token, string by);
}
