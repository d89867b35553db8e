using System.Globalization;
using System.Text;
using System.Text.Json;
using Ampx.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Ampx.Gateway;

/// <summary>
/// Writes server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
/// ASP.NET's own result has no way to write comments, which keep idle connections alive.
/// </summary>
internal sealed class SseWriter(HttpResponse response, TimeProvider time)
{
    private long written = time.GetTimestamp();

    /// <summary>How long nothing has been sent.</summary>
    public TimeSpan Quiet => time.GetElapsedTime(written);

    /// <summary>Sends the headers, so that the follower knows that it is connected.</summary>
    public async Task Open(CancellationToken cancel)
    {
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        await response.Body.FlushAsync(cancel);
    }

    /// <summary>Adds an event; <see cref="Flush"/> sends it.</summary>
    public void Add<T>(string name, T data, long? id = null)
    {
        var text = new StringBuilder();
        if (id is { } number) text.Append(CultureInfo.InvariantCulture, $"id: {number}\n");
        text.Append(CultureInfo.InvariantCulture, $"event: {name}\ndata: {JsonSerializer.Serialize(data, AmpxJson.Options)}\n\n");
        Encoding.UTF8.GetBytes(text.ToString(), response.BodyWriter);
    }

    /// <summary>Sends a comment: nothing but a sign of life.</summary>
    public async Task Comment(CancellationToken cancel)
    {
        Encoding.UTF8.GetBytes(": still here\n\n", response.BodyWriter);
        await Flush(cancel);
    }

    /// <summary>Sends what was added; waits while the follower is slow.</summary>
    public async Task Flush(CancellationToken cancel)
    {
        await response.BodyWriter.FlushAsync(cancel);
        written = time.GetTimestamp();
    }
}
