using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Ampx.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Ampx.Gateway.Streams;

/// <summary>
/// Writes server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
/// ASP.NET's own result has no way to write comments, which keep idle connections alive.
/// </summary>
internal sealed class SseWriter(HttpResponse response, TimeProvider time)
{
    private const int Piece = 32 * 1024;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);
    private long written = time.GetTimestamp();

    /// <summary>Whether the headers are sent.</summary>
    public bool IsOpen => response.HasStarted;

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
    public void Add<T>(string name, T data, long? id = null) => Write(response.BodyWriter, name, data, id);

    /// <summary>An event's bytes.</summary>
    public static void Write<T>(IBufferWriter<byte> to, string name, T data, long? id = null)
    {
        if (id is { } number) Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {number}\n"), to);
        Encoding.UTF8.GetBytes($"event: {name}\ndata: ", to);
        using (var json = new Utf8JsonWriter(to, new JsonWriterOptions { Encoder = AmpxJson.Options.Encoder })) JsonSerializer.Serialize(json, data, AmpxJson.Options);
        to.Write("\n\n"u8);
    }

    /// <summary>Sends bytes that are events already, a few at a time; waits while the follower is slow.</summary>
    public async Task Send(ReadOnlyMemory<byte> made, CancellationToken cancel)
    {
        for (var rest = made; rest.Length > 0; rest = rest[Math.Min(rest.Length, Piece)..])
        {
            await response.BodyWriter.WriteAsync(rest[..Math.Min(rest.Length, Piece)], cancel);
        }

        written = time.GetTimestamp();
    }

    /// <summary>Waits for <paramref name="news"/> and shows a sign of life meanwhile, so that idle connections are kept.</summary>
    public async Task Wait(Task news, CancellationToken cancel)
    {
        while (!news.IsCompleted)
        {
            var rest = Silence - time.GetElapsedTime(written);
            try
            {
                if (rest > TimeSpan.Zero)
                {
                    await news.WaitAsync(rest, time, cancel);
                    return;
                }
            }
            catch (TimeoutException)
            {
                continue;
            }

            Encoding.UTF8.GetBytes(": still here\n\n", response.BodyWriter);
            await Flush(cancel);
        }
    }

    /// <summary>Sends what was added; waits while the follower is slow.</summary>
    public async Task Flush(CancellationToken cancel)
    {
        await response.BodyWriter.FlushAsync(cancel);
        written = time.GetTimestamp();
    }
}
