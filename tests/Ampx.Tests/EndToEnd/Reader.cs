using System.Text;

namespace Ampx.Tests.EndToEnd;

/// <summary>A follower of a log that counts instead of keeping: whether each id is the one after the last, and how the stream ended.</summary>
internal sealed class Reader
{
    private static readonly byte[] Id = "id: "u8.ToArray(), End = "event: end\n"u8.ToArray();

    public long Last { get; private set; }

    /// <summary>How much came over all.</summary>
    public long Bytes { get; private set; }

    /// <summary>What came out of its turn; null: nothing did.</summary>
    public string? Wrong { get; private set; }

    public bool Ended { get; private set; }

    /// <summary>Follows until the end; <paramref name="pause"/> is awaited before each piece is read.</summary>
    public async Task Follow(HttpClient client, string path, CancellationToken cancel, Func<Task>? pause = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Last-Event-ID", $"{Last}");
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync(cancel);
        var buffer = new byte[32 * 1024];
        for (var held = 0; ;)
        {
            if (pause is not null) await pause();
            var read = await body.ReadAsync(buffer.AsMemory(held), cancel);
            if (read == 0) return;
            Bytes += read;
            held = Take(buffer, held + read);
        }
    }

    /// <summary>Reads whole lines and moves what is left to the front.</summary>
    private int Take(byte[] buffer, int length)
    {
        var rest = buffer.AsSpan(0, length);
        for (int feed; (feed = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(feed + 1)..])
        {
            var line = rest[..(feed + 1)];
            if (line.SequenceEqual(End)) Ended = true;
            if (!line.StartsWith(Id)) continue;
            var seq = long.Parse(Encoding.ASCII.GetString(line[Id.Length..^1]), System.Globalization.CultureInfo.InvariantCulture);
            if (seq != Last + 1) Wrong ??= $"{seq} after {Last}";
            Last = seq;
        }

        rest.CopyTo(buffer);
        return rest.Length;
    }
}
