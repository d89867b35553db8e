namespace Ampx.Silo.Storage.Logs;

/// <summary>
/// A piece of a run's output: the bytes from <paramref name="ByteFrom"/> up to <paramref name="ByteTo"/> of its file, as lines (at most
/// about 64 KB, or what came within 200 ms). Bytes that give no line to show are a chunk without lines.
/// </summary>
/// <param name="TaskId">The task's ULID.</param>
/// <param name="Attempt">The attempt's number.</param>
/// <param name="Source"><c>agent</c>, <c>git</c>, <c>ci</c> or <c>system</c>.</param>
/// <param name="RunId">The run whose file it is.</param>
/// <param name="Stream"><c>out</c> or <c>err</c>.</param>
/// <param name="ByteFrom">The first byte's offset.</param>
/// <param name="ByteTo">The offset after the last byte; more than <paramref name="ByteFrom"/>.</param>
/// <param name="Lines">Without line feeds.</param>
/// <param name="Time">When the bytes were read.</param>
public sealed record LogChunk(
    string TaskId, int Attempt, string Source, string RunId, string Stream, long ByteFrom, long ByteTo, IReadOnlyList<string> Lines, DateTimeOffset Time);
