using System.Text;
using System.Text.RegularExpressions;

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

    /// <summary>The first line, cut with an ellipsis where it is longer than <paramref name="width"/>.</summary>
    public static string Cut(string text, int width)
    {
        var line = Line(text.Trim().Split('\n')[0]).TrimEnd();
        return line.Length <= width ? line : width <= 1 ? "…" : $"{line[..(width - 1)]}…";
    }

    [GeneratedRegex(@"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\^_])")]
    private static partial Regex Escapes();
}
