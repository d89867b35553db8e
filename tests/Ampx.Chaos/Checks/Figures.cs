using System.Globalization;
using Ampx.Chaos.Faults;
using Ampx.Chaos.Machines;
using Ampx.Chaos.Work;
using Ampx.Core;
using Ampx.Core.Api;

namespace Ampx.Chaos.Checks;

/// <summary>The numbers of one run of the suite.</summary>
internal sealed class Figures(ChaosOptions options)
{
    private readonly List<(string Name, string Value)> rows = [];

    public TimeSpan Time { get; init; }
    public int LinesChecked { get; set; }
    public int LinesOfLostRuns { get; set; }
    public int RunsWithGaps { get; set; }
    public int WorkersLost { get; set; }
    public int Commits { get; set; }
    public int Pulls { get; set; }
    public int TimelineEntries { get; set; }

    public IEnumerable<(string Name, string Value)> Rows() => rows;

    public void Take(Theatre theatre, Customers customers, FaultDriver faults, IReadOnlyList<TaskView> tasks)
    {
        var runs = theatre.Journal.Read();
        Row("seed", $"{options.Seed}");
        Row("tasks", $"{tasks.Count} ({customers.Accepted.Count} answered, {customers.Unanswered} starts without an answer)");
        Row("ended as", Counted(tasks.GroupBy(task => AmpxJson.Word(task.Status))));
        Row("from the first start to the last end", Span(Time));
        Row("faults", $"{faults.Done.Count}: {Counted(faults.Done.GroupBy(fault => $"{fault.Kind}"))}");
        Row("silos that ended by themselves", $"{theatre.Silos.Sum(silo => silo.EndedByItself)}");
        Row("agent processes", $"{runs.Count}, {runs.Count(run => !run.Ended)} ended before their own end");
        Row("worker_lost", $"{WorkersLost}");
        Row("silo death to agent run restarted elsewhere", Spread(Restarted(runs, faults.Deaths)));
        Row("silo death to next look at a repository's CI", Spread(LookedAt(theatre, faults.Deaths)));
        Row("commits, pull requests", $"{Commits}, {Pulls}");
        Row("timeline entries checked", $"{TimelineEntries}");
        Row("log lines checked", $"{LinesChecked}; {LinesOfLostRuns} lines of lost runs stayed with their machine, {RunsWithGaps} runs had a full disk and say so");
        Row("webhook deliveries", Counted(theatre.GitHub.Site.Webhooks.Deliveries.GroupBy(delivery => delivery.Status is { } status ? $"{status}" : "nobody there")));
        Row("calls of GitHub", $"{theatre.GitHub.Site.Requests.All.Count}");
    }

    /// <summary>For each run that was at work on a silo when it went: when the same attempt began elsewhere.</summary>
    private static IEnumerable<TimeSpan> Restarted(IReadOnlyList<AgentRun> runs, IEnumerable<Death> deaths)
    {
        foreach (var death in deaths)
        {
            // Of a process that came to its own end the journal doesn't tell when: only those that were ended count.
            foreach (var run in runs.Where(run => !run.Ended && run.Started < death.At && run.Started > death.At - TimeSpan.FromMinutes(1) && IsOn(run, death.Silo)))
            {
                if (runs.FirstOrDefault(next => next.Mark == run.Mark && next.Started > death.At && !IsOn(next, death.Silo)) is { } next) yield return next.Started - death.At;
            }
        }
    }

    private static bool IsOn(AgentRun run, int silo) => run.Folder.Contains($"/silo{silo}/", StringComparison.Ordinal);

    /// <summary>For each repository that is polled each second and had tasks waiting: the silence after a silo's death.</summary>
    private static IEnumerable<TimeSpan> LookedAt(Theatre theatre, IEnumerable<Death> deaths)
    {
        var looks = theatre.GitHub.Site.Requests.All.Where(call => call.Path.EndsWith("/actions/runs", StringComparison.Ordinal)).OrderBy(call => call.At).ToList();
        foreach (var death in deaths)
        {
            foreach (var repo in death.Waiting.Where(repo => repo.Contains("polled", StringComparison.Ordinal)))
            {
                if (looks.FirstOrDefault(call => call.At > death.At && call.Path.Contains($"/{repo}/", StringComparison.Ordinal)) is { } look) yield return look.At - death.At;
            }
        }
    }

    private void Row(string name, string value) => rows.Add((name, value));

    private static string Counted<T>(IEnumerable<IGrouping<string, T>> groups) => string.Join(", ", groups.OrderByDescending(group => group.Count()).Select(group => $"{group.Count()} {group.Key}"));

    private static string Spread(IEnumerable<TimeSpan> times)
    {
        var sorted = times.Order().ToList();
        return sorted.Count == 0 ? "none seen" : $"median {Span(sorted[sorted.Count / 2])}, longest {Span(sorted[^1])} ({sorted.Count} seen)";
    }

    private static string Span(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
