using System.Net;
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
    public static Task Write(HttpContext http, string what)
    {
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
        return http.Response.WriteAsync($$"""
            <!doctype html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <title>Ampx: sign in</title>
              <style>
                body { font: 1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1.5rem; color: CanvasText; background: Canvas; }
                code { font: .95em ui-monospace, monospace; padding: .15em .4em; border-radius: .3em; background: color-mix(in srgb, CanvasText 10%, Canvas); }
                :root { color-scheme: light dark; }
              </style>
            </head>
            <body>
              <h1>{{WebUtility.HtmlEncode(what)}}</h1>
              <p>In a terminal where ampx is signed in (on the machine that runs it, it is by itself), type</p>
              <p><code>ampx dashboard</code></p>
              <p>It opens this page with a fresh sign-in link, which works once and for 60 seconds.</p>
            </body>
            </html>
            """);
    }
}

/// <summary>Body of <c>POST /session</c>.</summary>
internal sealed record SessionRequest(string? Token);
