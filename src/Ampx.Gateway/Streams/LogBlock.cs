using System.Buffers;
using Ampx.Core.Logs;

namespace Ampx.Gateway.Streams;

/// <summary>Some entries that follow each other, as the bytes of their events: made once, sent to every follower.</summary>
internal sealed class LogBlock
{
    private readonly byte[] bytes;
    private readonly Line[] lines;

    private LogBlock(byte[] bytes, Line[] lines) => (this.bytes, this.lines) = (bytes, lines);

    public long First => lines[0].Seq;

    public long Last => lines[^1].Seq;

    public int Size => bytes.Length;

    /// <summary>Of at least one entry.</summary>
    public static LogBlock Of(IReadOnlyList<LogEntry> entries)
    {
        var to = new ArrayBufferWriter<byte>(entries.Count * 160);
        var lines = new Line[entries.Count];
        for (var i = 0; i < lines.Length; i++)
        {
            var entry = entries[i];
            SseWriter.Write(to, "log", entry, entry.Seq);
            lines[i] = new(entry.Seq, entry.Time, entry.Source, entry.Attempt, to.WrittenCount);
        }

        return new(to.WrittenSpan.ToArray(), lines);
    }

    /// <summary>The events after <paramref name="after"/> that are wanted, in as few pieces as they lie together.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> After(long after, LogQuery query)
    {
        var from = -1;
        for (var i = 0; i < lines.Length; i++)
        {
            var begin = i == 0 ? 0 : lines[i - 1].End;
            if (lines[i].Seq > after && Wanted(lines[i], query))
            {
                if (from < 0) from = begin;
            }
            else if (from >= 0)
            {
                yield return bytes.AsMemory(from, begin - from);
                from = -1;
            }
        }

        if (from >= 0) yield return bytes.AsMemory(from);
    }

    private static bool Wanted(Line line, LogQuery query) =>
        (query.Sources is null || query.Sources.Contains(line.Source))
        && (query.Attempt is null || query.Attempt == line.Attempt)
        && (query.Since is null || line.Time >= query.Since);

    private readonly record struct Line(long Seq, DateTimeOffset Time, string Source, int Attempt, int End);
}
