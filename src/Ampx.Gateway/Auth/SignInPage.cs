using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Auth;

/// <summary>What a person in a browser sees instead of a blank 401.</summary>
internal static class SignInPage
{
    /// <summary>A browser opens a page; programs and the pages' own scripts get problem details.</summary>
    public static bool WantedBy(HttpRequest request) =>
        HttpMethods.IsGet(request.Method)
        && !request.Path.StartsWithSegments($"{GatewaySetup.ApiBase}/tasks", StringComparison.Ordinal)
        && request.GetTypedHeaders().Accept.Any(type => type.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase));

    /// <summary>Writes the page; the status is set already.</summary>
    public static Task Write(HttpContext http, string what) => PlainPage.Write(http, what, $"""
        <p>In a terminal where ampx is signed in (on the machine that runs it, it is by itself), type</p>
        <p><code>ampx board</code></p>
        <p>It opens the web board with a fresh sign-in link, which works once and for 60 seconds. With a token you can <a href="{BoardFor(http.Request)}">sign in here</a>.</p>
        """);

    /// <summary>The board signs in by token, and leads back.</summary>
    private static string BoardFor(HttpRequest request) =>
        request.Path.StartsWithSegments("/signin", StringComparison.Ordinal) ? "/" : $"/?to={Uri.EscapeDataString(request.Path.ToUriComponent())}";
}

/// <summary>Body of <c>POST /session</c>.</summary>
internal sealed record SessionRequest(string? Token);
