using Ampx.Core.Api;

namespace Ampx.Cli.Output;

/// <summary><c>ampx stats</c> as text, the same on a terminal and on a pipe.</summary>
internal static class StatsPage
{
    public static IEnumerable<string> Lines(ServiceStats stats, DateTimeOffset now)
    {
        yield return $"tasks  {string.Join(", ", stats.Tasks.Select(count => $"{count.Value} {Plain.Line(count.Key)}"))}";
        yield return $"queue  {(stats.Queue.Length == 0 ? "empty" : $"{stats.Queue.Agent} for an agent, {stats.Queue.Ci} for CI")}";
        if (stats.Workers.Count == 0) yield break;
        yield return "";
        List<string[]> rows = [["WORKER", "SLOTS", "BUSY", "SEEN", "STATE"], .. stats.Workers.Select(worker =>
            (string[])[Plain.Line(worker.Name), $"{worker.Slots}", $"{worker.Busy}", Times.Ago(worker.LastSeen, now), worker.Draining ? "draining" : "open"])];
        var widths = Enumerable.Range(0, rows[0].Length).Select(at => rows.Max(row => row[at].Length)).ToArray();
        foreach (var row in rows) yield return string.Join("  ", row.Select((cell, at) => cell.PadRight(widths[at]))).TrimEnd();
    }

    /// <summary>Null where somebody takes new runs.</summary>
    public static string? WhyNothingStarts(ServiceStats stats) => stats.Workers switch
    {
        [] => "No worker has been heard of lately: nothing starts.",
        var workers when workers.All(worker => worker.Draining) => "Every worker is draining: nothing new starts until one restarts.",
        _ => null,
    };
}
