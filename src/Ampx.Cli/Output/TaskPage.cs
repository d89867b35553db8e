using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Cli.Output;

/// <summary>Everything about one task on a page of text: the same on a terminal and on a pipe, but for colour.</summary>
internal sealed class TaskPage(bool colour, DateTimeOffset now, int width)
{
    /// <summary>So much of a detail says something; with less room it has a line to itself.</summary>
    private const int Readable = 24;

    public IEnumerable<string> Lines(TaskView task, IReadOnlyList<Attempt> attempts, IReadOnlyList<TimelineEntry> timeline) =>
        [.. Head(task), .. attempts.Count == 0 ? [] : Attempts(attempts), .. timeline.Count == 0 ? [] : Timeline(timeline)];

    private IEnumerable<string> Head(TaskView task)
    {
        yield return $"{Bold(Words.Short(task.Id))}  {Status(task.Status, Words.Of(task))}  {Plain.Line(task.Summary)}";
        yield return "";
        foreach (var line in Plain.Text(task.Prompt.TrimEnd()).Split('\n')) yield return $"    {line}";
        yield return "";
        (string Name, string? Value)[] facts =
        [
            ("id", task.Id),
            ("owner", task.Owner),
            ("repository", task.Repo),
            ("branch", task.Base is null ? task.Branch : $"{task.Branch}, from {task.Base}"),
            ("phase", Words.HasEnded(task) ? null : Words.Phase(task.Phase)),
            ("queue", task.QueuePosition switch { null => null, 1 => "#1, next", var place => $"#{place}, {place - 1} before it" }),
            ("attempts", $"{task.Attempts} of {task.MaxAttempts}"),
            ("agent", task.ThreadId is null ? task.Agent : $"{task.Agent}, thread {task.ThreadId}"),
            ("commit", task.HeadSha),
            ("ci", task.CiUrl),
            ("pull request", task.PullRequest is { } pr ? $"{(pr.Number > 0 ? $"#{pr.Number} " : "")}{AmpxJson.Word(pr.State)}{(pr.AutoMerge ? ", merges itself when it may" : "")}{(pr.Url.Length > 0 ? $"  {pr.Url}" : "")}" : null),
            ("compare", task.PullRequest is null ? task.CompareUrl : null),
            ("error", task.Error is { } error ? $"{error.Code}: {Plain.Cut(error.Detail, 400)}" : null),
            ("usage", task.Usage is { } usage ? Words.Tokens(usage) : null),
            ("waiting", task.PendingInstructions.IsDefaultOrEmpty ? null : $"{task.PendingInstructions.Length} instruction(s) for the run under way to end"),
            ("created", $"{Local(task.CreatedAt)} ({Times.Ago(task.CreatedAt, now)})"),
            ("finished", task.FinishedAt is { } end ? $"{Local(end)}, after {Times.Span(end - task.CreatedAt)}" : null),
        ];
        foreach (var (name, value) in facts.Where(fact => fact.Value is not null)) yield return $"{Dim(name.PadRight(13))} {Plain.Line(value!)}";
    }

    private IEnumerable<string> Attempts(IReadOnlyList<Attempt> attempts)
    {
        yield return "";
        yield return Bold("Attempts");
        foreach (var attempt in attempts)
        {
            var took = attempt.FinishedAt is { } end ? Times.Span(end - attempt.StartedAt) : $"{Times.Span(now - attempt.StartedAt)} so far";
            var sha = attempt.HeadSha is { Length: > 7 } head ? $"  {head[..7]}" : "";
            var tokens = attempt.Usage is { } usage ? $"  {Words.Tokens(usage)}" : "";
            yield return $"  {attempt.Number}  {Outcome(attempt.Outcome)}  {took}{sha}{tokens}";
            foreach (var run in attempt.Ci?.Runs ?? [])
            {
                yield return $"     {Outcome(run.Conclusion ?? "waiting")}  {Plain.Line(run.Name)}{(run.Url is { Length: > 0 } url ? $"  {Dim(Plain.Line(url))}" : "")}";
                foreach (var job in run.Jobs.IsDefault ? [] : run.Jobs)
                    yield return $"       {Outcome(job.Conclusion ?? "waiting")}  {Plain.Line(job.Name)}{(job.FailedStep is { } step ? $", in step '{Plain.Line(step)}'" : "")}";
            }
        }
    }

    private IEnumerable<string> Timeline(IReadOnlyList<TimelineEntry> timeline)
    {
        yield return "";
        yield return Bold("Timeline");
        var today = now.ToLocalTime().Date;
        var (ofStatus, ofPhase) = (timeline.Max(entry => AmpxJson.Word(entry.Status).Length), timeline.Max(entry => Words.Phase(entry.Phase).Length));
        foreach (var entry in timeline)
        {
            var time = entry.Time.ToLocalTime();
            var at = time.Date == today ? $"{time:HH:mm:ss}" : $"{time:yyyy-MM-dd HH:mm:ss}";
            var (cause, by, detail) = (entry.Cause.Replace('_', ' '), $"by {Plain.Line(entry.By)}", Plain.Line(entry.Detail ?? "").Trim());
            var room = width - at.Length - ofStatus - ofPhase - cause.Length - Plain.Width(by) - 11;
            var fits = room >= Math.Min(Plain.Width(detail), Readable);
            var rest = detail.Length > 0 && fits ? $": {Plain.Cut(detail, room)}" : "";
            yield return $"  {Dim(at)}  {Status(entry.Status, AmpxJson.Word(entry.Status).PadRight(ofStatus))}  {Words.Phase(entry.Phase).PadRight(ofPhase)}  {cause} {Dim(by)}{rest}";
            if (!fits) yield return $"{new string(' ', at.Length + ofStatus + 6)}{Plain.Cut(detail, Math.Max(Readable, width - at.Length - ofStatus - 6))}";
        }
    }

    private string Outcome(string word)
    {
        var code = word switch { "green" or "success" => "32", "running" or "committed" or "pushed" or "waiting" or "skipped" or "neutral" => "34", _ => "31" };
        return Terminal.Paint(Plain.Line(word), code, colour);
    }

    private static string Local(DateTimeOffset time) => $"{time.ToLocalTime():yyyy-MM-dd HH:mm:ss}";

    private string Status(Status status, string word) => Terminal.Paint(word, Words.Code(status), colour);

    private string Bold(string text) => Terminal.Paint(text, "1", colour);

    private string Dim(string text) => Terminal.Paint(text, "2", colour);
}
