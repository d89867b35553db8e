using Ampx.Core.Api;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Auth;

/// <summary>Mode <c>local</c>: the token of the data folder opens everything.</summary>
internal sealed class LocalGate(LocalToken token, Sessions sessions, SignInCodes codes) : IGate
{
    private static readonly SignedIn Owner = new(LocalUser.Caller);

    public Task<(SignedIn? Who, string? WhyNot)> ByToken(string secret, CancellationToken cancel) =>
        Task.FromResult<(SignedIn?, string?)>(token.Matches(secret) ? (Owner, null) : (null, "the token is not this service's"));

    public Task<SignedIn?> ByCookie(HttpContext http) => Task.FromResult(sessions.Read(http) is { } caller ? new SignedIn(caller) : null);

    public Task Begin(HttpContext http, SignedIn who)
    {
        sessions.Begin(http, who.Caller);
        return Task.CompletedTask;
    }

    public Task End(HttpContext http)
    {
        SessionCookie.Remove(http);
        return Task.CompletedTask;
    }

    public Task<SignInLink> Link(SignedIn who, CancellationToken cancel) => Task.FromResult(codes.New(who.Caller));

    public Task<SignedIn?> Take(string code, CancellationToken cancel) => Task.FromResult(codes.Take(code) is { } caller ? new SignedIn(caller) : null);
}
