using System.Globalization;
using System.Text.RegularExpressions;
using Ampx.Chaos.Work;
using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;

namespace Ampx.Chaos.Checks;

/// <summary>
/// The log against what the agents say that they printed. A run whose end counted is there to the last line; of a run that was lost with its
/// silo there is what was read of it, without a gap; no line is there twice.
/// </summary>
internal sealed partial class Logs(Figures figures)
{
    public IEnumerable<string> Look(IReadOnlyList<LogEntry> entries, IReadOnlyList<AgentRun> runs, IReadOnlyList<string> committed, TaskView task)
    {
        if (!entries.Select(entry => entry.Seq).SequenceEqual(Enumerable.Range(1, entries.Count).Select(seq => (long)seq))) yield return "the log's numbers have gaps";
        var lines = entries.Where(entry => entry.Source == "agent").Select(entry => Line.Match(entry.Text)).Where(match => match.Success)
            .GroupBy(match => (Run: match.Groups[1].Value, Stream: match.Groups[2].Value))
            .ToDictionary(group => group.Key, group => group.Select(match => int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture)).ToList());
        figures.LinesChecked += lines.Values.Sum(numbers => numbers.Count);
        var full = entries.Any(entry => entry.Text.Contains("could not be written here: the disk was full", StringComparison.Ordinal));
        if (full) figures.RunsWithGaps++;
        foreach (var run in lines.Keys.Select(key => key.Run).Distinct().Except(runs.Select(run => run.RunId))) yield return $"the log has lines of run {run}, which no agent printed";
        foreach (var run in runs)
        {
            foreach (var (stream, printed) in new[] { ("out", run.Out), ("err", run.Err) })
            {
                var there = lines.GetValueOrDefault((run.RunId, stream), []);
                if (there.Distinct().Count() != there.Count) yield return $"run {run.RunId}: lines of {stream} are there twice";
                else if (!full && !there.SequenceEqual(Enumerable.Range(1, there.Count))) yield return $"run {run.RunId}: lines of {stream} are missing in the middle: {Gap(there)} of {printed}";
                if (!full && run.Ended && committed.Contains(run.RunId) && there.Count != printed) yield return $"run {run.RunId}: {there.Count} of {printed} lines of {stream} are in the log";
                if (there.Count > printed + 1) yield return $"run {run.RunId}: the log has {there.Count} lines of {stream}, the agent printed {printed}";
                if (!committed.Contains(run.RunId)) figures.LinesOfLostRuns += Math.Max(0, printed - there.Count);
            }
        }

        // What made no commit leaves no trailer: one run of each attempt has to be whole.
        if (full || task.Status is Status.Aborted || task.Error?.Code is ErrorCodes.WorkerLost) yield break;
        for (var attempt = 1; attempt <= task.Attempts; attempt++)
        {
            if (!runs.Any(run => run.Attempt == attempt && run.Ended && lines.GetValueOrDefault((run.RunId, "out"), []).Count == run.Out && lines.GetValueOrDefault((run.RunId, "err"), []).Count == run.Err))
                yield return $"no run of attempt {attempt} is whole in the log";
        }
    }

    private static string Gap(List<int> there)
    {
        var at = there.Where((number, index) => number != index + 1).First();
        return $"before {at}; {there.Count} are there";
    }

    [GeneratedRegex(@"^\S+ (\S+) (out|err) (\d+) \d+ \S+$")]
    private static partial Regex Line { get; }
}
