using Ampx.Core.Api;

namespace Ampx.Cli.Output;

/// <summary>What <c>admin check</c> found, a line each, and a sentence.</summary>
internal static class CheckPage
{
    public static IEnumerable<string> Lines(CheckReport report)
    {
        foreach (var finding in report.Findings)
            yield return $"{(finding.Repaired ? "mended " : "differs")}  {finding.Kind.PadRight(10)}  {(finding.TaskId is { } id ? Words.Short(id) : "-"),-6}  {Plain.Line(finding.Detail)}  ({Plain.Line(finding.Where)})";
        var left = report.Findings.Count(finding => !finding.Repaired);
        yield return (report.Findings.Count, left) switch
        {
            (0, _) => "Nothing differs.",
            (var all, 0) => $"{all} differed and {(all == 1 ? "is" : "are")} mended.",
            (var all, _) when all == left => $"{left} {(left == 1 ? "differs" : "differ")}; 'ampx admin check --repair' mends what can be mended.",
            (var all, _) => $"{all} differed, {left} {(left == 1 ? "is" : "are")} not mended: the service's log says why.",
        };
        var counts = report.Checked;
        yield return "Looked at: " + string.Join(", ", new[]
        {
            Count(counts.Tasks, "task"), counts.TimelineEntries == 1 ? "1 timeline entry" : $"{counts.TimelineEntries} timeline entries", Count(counts.Reminders, "reminder"),
            Count(counts.Activations, "grain"), Count(counts.Runs, "run"), Count(counts.RunFolders, "run folder"), Count(counts.Workspaces, "workspace"),
            Count(counts.Machines, "machine"),
        }) + ".";
    }
    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
