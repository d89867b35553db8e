using Ampx.Core.Api;

namespace Ampx.Cli.Output;

/// <summary><c>ampx stats</c> as text; on a terminal a worker's name is cut where the lines would be too long.</summary>
internal static class StatsPage
{
    public static IEnumerable<string> Lines(ServiceStats stats, DateTimeOffset now, int width = int.MaxValue)
    {
        // The other columns take 36.
        var name = Math.Max(8, width - 36);
        yield return $"tasks  {string.Join(", ", stats.Tasks.Select(count => $"{count.Value} {Plain.Line(count.Key)}"))}";
        yield return $"queue  {(stats.Queue.Length == 0 ? "empty" : $"{stats.Queue.Agent} for an agent, {stats.Queue.Ci} for CI")}";
        if (stats.Workers.Count == 0) yield break;
        yield return "";
        foreach (var line in Plain.Columns([["WORKER", "SLOTS", "BUSY", "SEEN", "STATE"], .. stats.Workers.Select(worker =>
            (string[])[Plain.Cut(worker.Name, name), $"{worker.Slots}", $"{worker.Busy}", Times.Ago(worker.LastSeen, now), worker.Draining ? "draining" : "open"])])) yield return line;
    }

    /// <summary>Null where somebody takes new runs.</summary>
    public static string? WhyNothingStarts(ServiceStats stats) => stats.Workers switch
    {
        [] => "No worker has been heard of lately: nothing starts.",
        var workers when workers.All(worker => worker.Draining) => "Every worker is draining: nothing new starts until one restarts.",
        _ => null,
    };
}
