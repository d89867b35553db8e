using System.Text;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>A pull request's title and body.</summary>
internal static class PullRequestText
{
    /// <summary>GitHub refuses more with 422.</summary>
    internal const int MostOfBody = 65_536, MostOfTitle = 256;

    private const int MostOfLine = 120;
    private const int MostOfTried = 300;
    private const int MostOfGuarded = 2000;
    private const string Begin = "<!-- ampx:begin -->";
    private const string End = "<!-- ampx:end -->";

    /// <summary>The issue's title, else the instruction's first line with words in it.</summary>
    public static string Title(TaskState task)
    {
        if (task.IssueTitle is { } issue && OneLine(issue) is { Length: > 0 } given) return QuotedText.Cut(given, MostOfTitle);
        foreach (var line in task.Prompt.Split('\n', '\r'))
            if (OneLine(line).TrimStart('#', ' ') is { Length: > 0 } words) return QuotedText.Cut(words, MostOfLine);
        return task.Branch;
    }

    /// <summary>What was asked, what the agent said, and how it went, in at most <paramref name="room"/> characters.</summary>
    public static string Body(TaskState task, Uri? thread, int room = MostOfBody)
    {
        var told = new StringBuilder();
        var most = task.Tried.IsEmpty ? 0 : Math.Clamp(room / 3 / task.Tried.Length, 0, MostOfTried);
        foreach (var line in task.Tried) told.Append("- ").AppendLine(QuotedText.Line(line, most));
        told.Append("- Attempts: ").Append(task.Attempts).Append(" of ").Append(task.MaxAttempts).AppendLine();
        if (!task.Guarded.IsEmpty) told.Append("- For a person to look at: ").AppendLine(QuotedText.Line(GuardWords.Brief(task.Guarded, 20), MostOfGuarded));
        if (task.CiUrl is { } ci) told.Append("- CI: ").AppendLine(ci);
        if (task.ThreadId is { } id) told.Append("- Thread: ").AppendLine(thread?.AbsoluteUri ?? $"`{QuotedText.Line(id, 100).Replace('`', '\'')}`");
        told.Append("- Task: ").AppendLine(task.Id);

        var text = new StringBuilder().AppendLine(Begin);
        if (task.Issue is { } issue) text.Append("Closes #").Append(issue).AppendLine(".").AppendLine();
        var left = Math.Max(0, room - told.Length - 300);
        text.AppendLine("### Instruction").AppendLine().AppendLine(QuotedText.Of(Instruction(task), Math.Min(20_000, left * 2 / 3)));
        if (task.Attempt?.Said is { Length: > 0 } said) text.AppendLine().AppendLine("### What the agent said").AppendLine().AppendLine(QuotedText.Of(said, Math.Min(10_000, left / 3)));
        return text.AppendLine().AppendLine("### How it went").AppendLine().Append(told).AppendLine(End).ToString();
    }

    /// <summary>The text is Ampx's own, at least in part.</summary>
    public static bool IsOurs(string? body) => body is not null && body.Contains(Begin, StringComparison.Ordinal);

    /// <summary><paramref name="old"/> with Ampx's part renewed and what people wrote around it kept; null if nothing is to change.</summary>
    public static string? Renewed(string? old, TaskState task, Uri? thread)
    {
        if (old is null || old.IndexOf(Begin, StringComparison.Ordinal) is not (var from and >= 0)) return null;
        if (old.IndexOf(End, from, StringComparison.Ordinal) is not (var to and >= 0)) return null;
        var after = to + End.Length;
        var renewed = $"{old[..from]}{Body(task, thread, MostOfBody - from - (old.Length - after)).TrimEnd()}{old[after..]}";
        return renewed.Length > MostOfBody || renewed.ReplaceLineEndings("\n") == old.ReplaceLineEndings("\n") ? null : renewed;
    }

    /// <summary>The people's words; an issue's text stands in the issue.</summary>
    private static string Instruction(TaskState task) =>
        task.Issue is { } issue && task.Prompt.IndexOf($"\n\nIssue #{issue}: ", StringComparison.Ordinal) is var end and > 0 ? task.Prompt[..end] : task.Prompt;

    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
}
