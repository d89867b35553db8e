using System.Text;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>A pull request's title and body.</summary>
internal static class PullRequestText
{
    private const string Begin = "<!-- ampx:begin -->";
    private const string End = "<!-- ampx:end -->";

    /// <summary>The instruction's first line.</summary>
    public static string Title(TaskState task)
    {
        var line = task.Prompt.AsSpan().Trim();
        if (line.IndexOfAny('\r', '\n') is var end and >= 0) line = line[..end].TrimEnd();
        line = line.TrimStart("# ");
        return line.Length > 120 ? $"{line[..119]}…" : line.ToString();
    }

    /// <summary>What was asked, what the agent said, and how it went.</summary>
    public static string Body(TaskState task)
    {
        var text = new StringBuilder().AppendLine(Begin).AppendLine("### Instruction").AppendLine().AppendLine(Quote(Cut(task.Prompt, 20_000)));
        if (task.Attempt?.Said is { Length: > 0 } said) text.AppendLine().AppendLine("### What the agent said").AppendLine().AppendLine(Quote(Cut(said, 10_000)));
        text.AppendLine().AppendLine("### How it went").AppendLine();
        foreach (var line in task.Tried) text.Append("- ").AppendLine(line.ReplaceLineEndings(" "));
        text.Append("- Attempts: ").Append(task.Attempts).Append(" of ").Append(task.MaxAttempts).AppendLine();
        if (task.CiUrl is { } ci) text.Append("- CI: ").AppendLine(ci);
        if (task.ThreadId is { } thread) text.Append("- Thread: ").AppendLine(thread);
        return text.Append("- Task: ").AppendLine(task.Id).AppendLine(End).ToString();
    }

    /// <summary><paramref name="old"/> with Ampx's part renewed and what people wrote around it kept; null if nothing is to change.</summary>
    public static string? Renewed(string? old, TaskState task)
    {
        if (old is null || old.IndexOf(Begin, StringComparison.Ordinal) is not (var from and >= 0)) return null;
        if (old.IndexOf(End, from, StringComparison.Ordinal) is not (var to and >= 0)) return null;
        var renewed = $"{old[..from]}{Body(task).TrimEnd()}{old[(to + End.Length)..]}";
        return renewed.ReplaceLineEndings("\n") == old.ReplaceLineEndings("\n") ? null : renewed;
    }

    private static string Quote(string text) => string.Join('\n', text.Trim().ReplaceLineEndings("\n").Split('\n').Select(line => $"> {line}"));

    private static string Cut(string text, int length) => text.Length > length ? $"{text[..(length - 1)]}…" : text;
}
