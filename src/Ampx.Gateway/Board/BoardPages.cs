using Ampx.Gateway.Auth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Ampx.Gateway.Board;

/// <summary>
/// The web board: one page and its assets, the same for everybody and without a word of anybody's tasks, so that they are open.
/// All that the page shows comes over the REST interface, which asks who is there.
/// </summary>
internal static class BoardPages
{
    /// <summary>Nothing but the service's own files and answers; no script or style in a page's text.</summary>
    public const string OnlyOurs =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    public static void MapBoard(this IEndpointRouteBuilder app)
    {
        // The places that people can link to.
        foreach (var path in new[] { "/", "/t/{id}", "/statistics" }) app.MapGet(path, Page).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/assets/{name}", Asset).AllowAnonymous().ExcludeFromDescription();
    }

    private static Task Page(HttpContext http)
    {
        http.Response.Headers.ContentSecurityPolicy = OnlyOurs;
        http.Response.Headers.CacheControl = "no-cache";
        return BoardFiles.Page is { } page ? Send(http, page) : NoBoard(http);
    }

    /// <summary>Its name changes with its content, so it may be kept.</summary>
    private static Task Asset(string name, HttpContext http)
    {
        if (BoardFiles.Asset(name) is not { } asset) throw RefusedException.NotFound($"the board has no '{(name.Length > 64 ? $"{name[..64]}…" : name)}': load the page again");
        http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Send(http, asset);
    }

    private static async Task Send(HttpContext http, BoardFile file)
    {
        http.Response.Headers.ETag = file.ETag;
        if (http.Request.Headers.IfNoneMatch.ToString() == file.ETag)
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        http.Response.ContentType = file.Type;
        var bytes = file.Bytes;
        if (file.Brotli is not null)
        {
            http.Response.Headers.Vary = HeaderNames.AcceptEncoding;
            if (http.Request.GetTypedHeaders().AcceptEncoding.Any(way => way.Value == "br" && way.Quality is not 0)) (bytes, http.Response.Headers.ContentEncoding) = (file.Brotli, "br");
        }

        http.Response.ContentLength = http.Response.Headers.ContentEncoding.Count > 0 ? bytes.Length : null;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    private static Task NoBoard(HttpContext http) => PlainPage.Write(http, "This build has no web board", """
        <p>It was built on a machine without npm. The command line has everything that the board would show: <code>ampx list</code>, <code>ampx show</code>, <code>ampx logs</code>.</p>
        <p>The <a href="/dashboard">Orleans Dashboard</a> shows how the service itself is doing.</p>
        """);
}
