using System.Runtime.CompilerServices;
using Ampx.Core.Ci;
using Ampx.Runs;

namespace Ampx.Silo.Agents.Runs;

/// <summary>Where to go on in a run's two streams: bytes already taken.</summary>
public readonly record struct RunOffsets(long Out, long Err);

/// <summary>
/// A piece of a run's output. Bytes <paramref name="ByteFrom"/> up to <paramref name="ByteTo"/> of the file, whose text is <paramref name="Lines"/>:
/// the next piece of that stream begins at <paramref name="ByteTo"/>, in this process or another one.
/// </summary>
/// <param name="Stream"><c>out</c> or <c>err</c>.</param>
public sealed record RunChunk(string Stream, long ByteFrom, long ByteTo, IReadOnlyList<string> Lines, DateTimeOffset Time);

/// <summary>Reads a run's output while it grows. What it remembers is the two offsets, so memory stays small and a restart loses and doubles nothing.</summary>
public static class RunFollower
{
    /// <summary>The size of a piece, unless a single line is larger.</summary>
    public const int ChunkSize = 64 * 1024;

    /// <summary>Amp's JSON lines hold whole files; cut, they could not be read.</summary>
    public const int LongestJsonLine = 4 * 1024 * 1024;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Ends after the run has ended and everything is read. Whole lines only; one longer than <paramref name="longestLine"/> bytes is cut,
    /// between characters and not within a secret of <paramref name="redaction"/>; the last one may lack its end.
    /// </summary>
    public static async IAsyncEnumerable<RunChunk> Follow(
        RunFolder folder, RunOffsets from, TimeProvider time, int longestLine = ChunkSize, Redaction? redaction = null, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        using var stdout = new LineFile(folder.OutPath, from.Out, longestLine, redaction: redaction);
        using var stderr = new LineFile(folder.ErrPath, from.Err, ChunkSize, redaction: redaction);
        while (true)
        {
            // Asked before reading: what is there then is all there will be.
            var ended = folder.State is RunState.Exited or RunState.Lost;
            bool any;
            do
            {
                any = false;
                foreach (var (stream, file) in ((string, LineFile)[])[(RunFiles.Out, stdout), (RunFiles.Err, stderr)])
                {
                    cancel.ThrowIfCancellationRequested();
                    var begin = file.Position;
                    if (file.Read(ended) is not { } lines)
                        continue;
                    any = true;
                    yield return new RunChunk(stream, begin, file.Position, lines, time.GetUtcNow());
                }
            }
            while (any);
            if (ended)
                yield break;
            await Task.Delay(Poll, time, cancel);
        }
    }
}
