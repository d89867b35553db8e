using System.Net;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Auth;

/// <summary>A page that needs nothing beside it: for who isn't signed in, and where there is no board.</summary>
internal static class PlainPage
{
    /// <summary>Writes it; the status is set already.</summary>
    /// <param name="body">HTML of our own, never anybody's text.</param>
    public static Task Write(HttpContext http, string title, string body)
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
              <title>Ampx: {{WebUtility.HtmlEncode(title)}}</title>
              <style>
                body { font: 1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1.5rem; color: CanvasText; background: Canvas; }
                code { font: .95em ui-monospace, monospace; padding: .15em .4em; border-radius: .3em; background: color-mix(in srgb, CanvasText 10%, Canvas); }
                :root { color-scheme: light dark; }
              </style>
            </head>
            <body>
              <h1>{{WebUtility.HtmlEncode(title)}}</h1>
              {{body}}
            </body>
            </html>
            """);
    }
}
