using System.Globalization;
using Ampx.Core.Api;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Auth;

/// <summary>
/// Mode <c>tokens</c>: each request's token, cookie or code is looked up anew, so that one that was revoked on any gateway is refused by all from that moment on.
/// A browser's session is good for as long as the token that it was begun with.
/// </summary>
internal sealed class TokenGate(ITokenStore store, TokenCare care, TimeProvider time) : IGate
{
    private static readonly TimeSpan CodeLifetime = TimeSpan.FromSeconds(60);

    public async Task<(SignedIn? Who, string? WhyNot)> ByToken(string secret, CancellationToken cancel) => await store.Find(Secrets.HashOf(secret), cancel) switch
    {
        null => (null, "this token is not known here: it was never made, or has been revoked"),
        { ExpiresAt: { } end } token when token.HasExpired(time.GetUtcNow()) =>
            (null, $"the token '{token.Name}' of {token.User} expired at {end.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} UTC: ask an admin for a new one ('ampx token create' makes it)"),
        var token => (Known(token), null),
    };

    public async Task<SignedIn?> ByCookie(HttpContext http) =>
        SessionCookie.Read(http) is { Length: > 0 } secret ? Good(await store.Read(Ticket.Session, Secrets.HashOf(secret), time.GetUtcNow(), http.RequestAborted)) : null;

    public async Task Begin(HttpContext http, SignedIn who)
    {
        var secret = Secrets.Text();
        await Issue(Ticket.Session, secret, who, SessionCookie.Lifetime, http.RequestAborted);
        SessionCookie.Write(http, secret);
    }

    public async Task End(HttpContext http)
    {
        if (SessionCookie.Read(http) is { Length: > 0 } secret) await store.Take(Ticket.Session, Secrets.HashOf(secret), time.GetUtcNow(), http.RequestAborted);
        SessionCookie.Remove(http);
    }

    public async Task<SignInLink> Link(SignedIn who, CancellationToken cancel)
    {
        var code = Secrets.Text();
        await Issue(Ticket.Code, code, who, CodeLifetime, cancel);
        return new(code, SignInCodes.PathOf(code));
    }

    public async Task<SignedIn?> Take(string code, CancellationToken cancel) => Good(await store.Take(Ticket.Code, Secrets.HashOf(code), time.GetUtcNow(), cancel));

    private Task Issue(Ticket kind, string secret, SignedIn who, TimeSpan lifetime, CancellationToken cancel) =>
        store.Issue(kind, Secrets.HashOf(secret), who.TokenId!, time.GetUtcNow() + lifetime, time.GetUtcNow(), cancel);

    private SignedIn? Good(ApiToken? token) => token is null || token.HasExpired(time.GetUtcNow()) ? null : Known(token);

    private SignedIn Known(ApiToken token)
    {
        care.Used(token);
        return new(new(token.User, token.Role), token.Id);
    }
}
