using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Spectre.Console;

namespace Ampx.Cli.Output;

/// <summary>Makes other people's text harmless and fitting for a terminal.</summary>
internal static partial class Plain
{
    /// <summary>Without escape sequences and control characters, which could repaint a terminal; tabs stay.</summary>
    public static string Line(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\u0000', '\u001f') && !text.AsSpan().ContainsAnyInRange('\u007f', '\u009f')) return text;
        var clean = new StringBuilder(text.Length);
        foreach (var letter in Escapes().Replace(text, ""))
        {
            if (letter is '\n' or '\r') clean.Append(' ');
            else if (letter == '\t' || !char.IsControl(letter)) clean.Append(letter);
        }

        return clean.ToString();
    }

    /// <summary>The same for text of several lines.</summary>
    public static string Text(string text) => string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(Line));

    /// <summary>The first line, cut with an ellipsis where it is wider than <paramref name="width"/> columns.</summary>
    public static string Cut(string text, int width)
    {
        var line = Line(text.Trim().Split('\n')[0]).TrimEnd();
        if (line.Length * 2 <= width || Width(line) <= width) return line;
        var cut = new StringBuilder();
        var room = width - 1;
        // By what a person sees as one letter: half of an emoji would be rubbish.
        foreach (var letter in Letters(line))
        {
            room -= Width(letter);
            if (room < 0) break;
            cut.Append(letter);
        }

        return cut.Append('…').ToString();
    }

    /// <summary>Columns of a terminal that one line takes; Chinese letters and emoji take two.</summary>
    public static int Width(string line) => Ascii.IsValid(line) ? line.Length : line.GetCellWidth();

    /// <summary>With spaces behind, <paramref name="width"/> columns wide.</summary>
    public static string Pad(string line, int width) => line + new string(' ', Math.Max(0, width - Width(line)));

    /// <summary>Broken at spaces to lines of at most <paramref name="width"/> columns; a longer word has its line to itself.</summary>
    public static IEnumerable<string> Wrap(string text, int width)
    {
        var line = new StringBuilder();
        var room = width;
        foreach (var word in text.Split(' '))
        {
            var wide = Width(word);
            if (line.Length > 0 && room < wide + 1)
            {
                yield return line.ToString();
                line.Clear();
                room = width;
            }

            if (line.Length > 0)
            {
                line.Append(' ');
                room--;
            }

            line.Append(word);
            room -= wide;
        }

        yield return line.ToString();
    }

    /// <summary>Rows as columns two spaces apart, nothing cut.</summary>
    public static IEnumerable<string> Columns(IReadOnlyList<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(at => rows.Max(row => Width(row[at]))).ToArray();
        return rows.Select(row => string.Join("  ", row.Select((cell, at) => Pad(cell, widths[at]))).TrimEnd());
    }

    private static IEnumerable<string> Letters(string line)
    {
        for (var letters = StringInfo.GetTextElementEnumerator(line); letters.MoveNext();) yield return letters.GetTextElement();
    }

    [GeneratedRegex(@"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\^_])")]
    private static partial Regex Escapes();
}
