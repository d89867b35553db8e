using System.Globalization;
using System.Text;

namespace Ampx.Silo.Git;

/// <summary>The words of our commits.</summary>
internal static class CommitMessage
{
    public const string Task = "Ampx-Task", Run = "Ampx-Run", Head = "Ampx-Head";
    private const int Longest = 72;

    /// <summary>The instruction's first line as a subject: one line, no control characters, at most 72 characters, never empty.</summary>
    public static string Subject(string instruction, string otherwise)
    {
        var line = instruction.Split('\n', '\r').Select(Clean).FirstOrDefault(l => l.Length > 0) ?? otherwise;
        var text = new StringInfo(line);
        if (text.LengthInTextElements <= Longest) return line;
        var cut = text.SubstringByTextElements(0, Longest - 1);
        var space = cut.LastIndexOf(' ');
        return (space > Longest / 2 ? cut[..space] : cut).TrimEnd() + "…";
    }

    public static string With(string text, params IEnumerable<(string Key, string Value)> trailers) =>
        text.TrimEnd() + "\n\n" + string.Concat(trailers.Select(t => $"{t.Key}: {t.Value}\n"));

    private static string Clean(string line)
    {
        var kept = new StringBuilder();
        foreach (var rune in line.EnumerateRunes())
        {
            var blank = Rune.IsWhiteSpace(rune) || Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format;
            if (!blank) kept.Append(rune);
            else if (kept.Length > 0 && kept[^1] != ' ') kept.Append(' ');
        }

        return kept.ToString().Trim();
    }
}
