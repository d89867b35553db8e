using System.Diagnostics.Metrics;
using Ampx.Core;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Telemetry;

/// <summary>What is measured; docs/OBSERVABILITY.md has a line for each. Times in seconds.</summary>
internal static class Measures
{
    /// <summary>Its name in OpenTelemetry.</summary>
    public const string Name = "Ampx";

    private static readonly Meter Meter = new(Name);

    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200] };
    private static readonly Histogram<double> PhaseDuration = Meter.CreateHistogram("ampx.phase.duration", "s", "How long tasks were in a phase", advice: Seconds);
    private static readonly Histogram<double> QueueWait = Meter.CreateHistogram("ampx.queue.wait", "s", "How long runs waited for a worker", advice: Seconds);
    private static readonly Histogram<double> TaskDuration = Meter.CreateHistogram("ampx.task.duration", "s", "From start to end of tasks", advice: Seconds);
    private static readonly Counter<long> AgentRuns = Meter.CreateCounter<long>("ampx.agent.runs", "{run}", "Agent runs that have ended, by outcome");
    private static readonly Counter<long> AgentTokens = Meter.CreateCounter<long>("ampx.agent.tokens", "{token}", "Tokens that agents report");
    private static readonly Counter<long> Verdicts = Meter.CreateCounter<long>("ampx.ci.verdicts", "{verdict}", "What CI said of commits");
    private static readonly Counter<long> GitHubCalls = Meter.CreateCounter<long>("ampx.github.calls", "{call}", "Calls to GitHub by status");
    private static readonly Gauge<long> GitHubRemaining = Meter.CreateGauge<long>("ampx.github.limit.remaining", "{call}", "Calls left of GitHub's limit, as last told");
    private static readonly Counter<long> LogLines = Meter.CreateCounter<long>("ampx.log.lines", "{line}", "Log lines stored");
    private static readonly Histogram<double> WakeLateness = Meter.CreateHistogram("ampx.wake.lateness", "s", "How late tasks were woken", advice: Seconds);
    private static readonly Histogram<double> GitDuration = Meter.CreateHistogram("ampx.git.duration", "s", "How long git commands took", advice: Seconds);

    /// <summary>A task has changed, durably.</summary>
    public static void Changed(TaskState? before, TaskState after)
    {
        if (before is null) return;
        if (before.Step != after.Step)
        {
            PhaseDuration.Record((after.UpdatedAt - before.EnteredAt).TotalSeconds, new KeyValuePair<string, object?>("phase", AmpxJson.Word(before.Phase)));
            if (before.Phase is Phase.WaitingForWorker && after.Run is not null) QueueWait.Record((after.UpdatedAt - before.EnteredAt).TotalSeconds);
        }

        if (after.Ended && !before.Ended) TaskDuration.Record((after.UpdatedAt - after.CreatedAt).TotalSeconds, new("status", AmpxJson.Word(after.Status)), new("code", after.Error?.Code ?? ""));
        if (before.Phase is Phase.Agent && after.Phase is not Phase.Agent) AgentRuns.Add(1, new("agent", after.Agent), new("outcome", after.Attempt?.Outcome ?? ""));
        Tokens(after.Agent, "input", before.Usage?.InputTokens, after.Usage?.InputTokens);
        Tokens(after.Agent, "output", before.Usage?.OutputTokens, after.Usage?.OutputTokens);
        if (before.Phase is Phase.WaitingForCi && after.Phase is Phase.CollectingFeedback or Phase.OpeningPr or Phase.Merging or Phase.Done && after.Attempt?.Ci is { } ci) Verdicts.Add(1, new KeyValuePair<string, object?>("verdict", ci.Verdict));
    }

    /// <param name="status">Of HTTP; 0: no answer.</param>
    public static void GitHubCall(int status, string? resource, int? remaining)
    {
        GitHubCalls.Add(1, new KeyValuePair<string, object?>("status", status));
        if (remaining is { } left && resource is not null) GitHubRemaining.Record(left, new KeyValuePair<string, object?>("resource", resource));
    }

    public static void LogStored(string source, int lines) => LogLines.Add(lines, new KeyValuePair<string, object?>("source", source));

    public static void Woken(TimeSpan late) => WakeLateness.Record(Math.Max(0, late.TotalSeconds));

    /// <param name="command">Its first word, <c>fetch</c> for example.</param>
    public static void Git(string command, TimeSpan took, bool failed) => GitDuration.Record(took.TotalSeconds, new("command", command), new("failed", failed));

    /// <summary>Asked when metrics are read.</summary>
    public static void Watch(Func<IEnumerable<(Status Status, int Count)>> tasks, Func<int> running)
    {
        Meter.CreateObservableGauge("ampx.tasks", () => tasks().Select(count => new Measurement<int>(count.Count, new KeyValuePair<string, object?>("status", AmpxJson.Word(count.Status)))), "{task}", "Tasks there are, by status");
        Meter.CreateObservableGauge("ampx.runs.active", running, "{run}", "Agent and CI runs under way on this machine");
    }

    private static void Tokens(string agent, string type, long? before, long? after)
    {
        if (after - (before ?? 0) is > 0 and var more) AgentTokens.Add(more, new("agent", agent), new("type", type));
    }
}
