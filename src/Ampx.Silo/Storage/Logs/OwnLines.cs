namespace Ampx.Silo.Storage.Logs;

/// <summary>Lines of Ampx's own that wait to be stored: kept up to a bound, then only counted. Not safe for several threads.</summary>
internal sealed class OwnLines(int bound)
{
    private const int ChunkSize = 64 * 1024;
    private static readonly TimeSpan ChunkTime = TimeSpan.FromMilliseconds(200);

    private readonly Queue<Line> lines = new();
    private readonly Dictionary<string, int> dropped = [];
    private int size;

    public bool Any => lines.Count > 0 || dropped.Count > 0;

    public void Add(string taskId, int attempt, string source, string text, DateTimeOffset time)
    {
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            if (size + line.Length > bound)
            {
                dropped[taskId] = dropped.GetValueOrDefault(taskId) + 1;
                continue;
            }

            size += line.Length + 1;
            lines.Enqueue(new Line(taskId, attempt, source, line.TrimEnd('\r'), time));
        }
    }

    /// <summary>Takes all of them: neighbours of the same task, attempt and source share a chunk, and each task's lost ones are told in one line.</summary>
    public List<LogRow> Take(DateTimeOffset now)
    {
        var rows = new List<LogRow>();
        while (lines.TryDequeue(out var first))
        {
            var texts = new List<string> { first.Text };
            for (var length = first.Text.Length; lines.TryPeek(out var next) && Fits(first, next, length); length += next.Text.Length)
                texts.Add(lines.Dequeue().Text);
            rows.Add(LogRow.Of(first.TaskId, first.Attempt, first.Source, "out", first.Time, texts));
        }

        foreach (var (taskId, count) in dropped)
            rows.Add(LogRow.Of(taskId, 0, "system", "out", now, [$"{count} lines of Ampx's own are missing here: the log could not be written"]));
        dropped.Clear();
        size = 0;
        return rows;
    }

    private static bool Fits(Line first, Line next, int length) =>
        (next.TaskId, next.Attempt, next.Source) == (first.TaskId, first.Attempt, first.Source)
        && next.Time - first.Time <= ChunkTime && length + next.Text.Length <= ChunkSize;

    private sealed record Line(string TaskId, int Attempt, string Source, string Text, DateTimeOffset Time);
}
