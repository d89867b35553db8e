using Ampx.Core.Api;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Auth;

/// <summary>Who may come in, and how browsers do. <see cref="LocalGate"/> has the one token of mode <c>local</c>, <see cref="TokenGate"/> many users' of mode <c>tokens</c>.</summary>
internal interface IGate
{
    /// <summary>Whose <paramref name="secret"/> is; else why nobody's.</summary>
    Task<(SignedIn? Who, string? WhyNot)> ByToken(string secret, CancellationToken cancel);

    /// <summary>Whom the request's cookie signs in; null if there is none, or it is no longer good.</summary>
    Task<SignedIn?> ByCookie(HttpContext http);

    /// <summary>Signs the browser in.</summary>
    Task Begin(HttpContext http, SignedIn who);

    /// <summary>Signs the browser out.</summary>
    Task End(HttpContext http);

    /// <summary>A link that signs a browser in as <paramref name="who"/>, once, within 60 seconds.</summary>
    Task<SignInLink> Link(SignedIn who, CancellationToken cancel);

    /// <summary>Takes a link's code; null if it was never given, is used, or is too old.</summary>
    Task<SignedIn?> Take(string code, CancellationToken cancel);
}

/// <summary>Who is signed in, and by which token; null in mode <c>local</c>.</summary>
internal sealed record SignedIn(Caller Caller, string? TokenId = null);
