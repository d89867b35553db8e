using System.Text.RegularExpressions;

namespace Ampx.FakeAgent;

/// <summary>Finds the directives: a directive is its line, then the lines of its text if it ends in &lt;&lt;WORD.</summary>
internal static partial class Script
{
    public static IReadOnlyList<string> For(int run, string prompt) =>
        Environment.GetEnvironmentVariable("FAKE_AMP_SCRIPT") is { Length: > 0 } file ? Directives(Block(File.ReadAllLines(file), run)) : FromPrompt(run, prompt);

    /// <summary>What a failing check asked for, wherever in a line of the prompt it stands.</summary>
    public static IReadOnlyList<string> FromFeedback(string prompt) => [.. Fix.Matches(prompt).Select(m => m.Groups[1].Value.Trim())];

    private static List<string> FromPrompt(int run, string prompt)
    {
        var lines = new List<string>();
        string? end = null;
        foreach (var line in prompt.Split('\n').Select(l => l.TrimEnd('\r')))
        {
            var match = Marked.Match(line);
            if (end is not null)
            {
                lines.Add(line);
                end = line == end ? null : end;
            }
            else if (match.Success && (match.Groups[1].Value is "" || match.Groups[1].Value == $"[{run}]"))
            {
                lines.Add(match.Groups[2].Value);
                end = Here.Match(lines[^1]) is { Success: true } here ? here.Groups[1].Value : null;
            }
        }
        return Directives(lines);
    }

    private static List<string> Block(string[] lines, int run)
    {
        foreach (var name in (string[])[$"== {run}", "== *"])
            if (Array.FindIndex(lines, l => l.Trim() == name) is >= 0 and var at)
                return [.. lines[(at + 1)..].TakeWhile(l => !l.StartsWith("== ", StringComparison.Ordinal))];
        return lines.Any(l => l.StartsWith("== ", StringComparison.Ordinal)) ? [] : [.. lines];
    }

    private static List<string> Directives(List<string> lines)
    {
        var all = new List<string>();
        for (var i = 0; i < lines.Count; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i]) || lines[i].StartsWith('#'))
                continue;
            if (Here.Match(lines[i]) is not { Success: true } here)
            {
                all.Add(lines[i].Trim());
                continue;
            }
            var text = lines.Skip(i + 1).TakeWhile(l => l != here.Groups[1].Value).ToList();
            all.Add($"{lines[i][..here.Index].Trim()} {string.Concat(text.Select(l => l + "\n"))}");
            i += text.Count + 1;
        }
        return all;
    }

    [GeneratedRegex(@"^\s*fake(\[\d+\])?:\s*(.*)$")]
    private static partial Regex Marked { get; }

    [GeneratedRegex(@"\s<<\s*(\w+)\s*$")]
    private static partial Regex Here { get; }

    [GeneratedRegex(@"fake-fix:\s*(.+)")]
    private static partial Regex Fix { get; }
}
