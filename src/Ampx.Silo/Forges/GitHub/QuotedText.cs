using System.Text.RegularExpressions;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>
/// Text of people, agents and CI as a Markdown quote in which nothing happens: nobody is notified, no issue is closed or linked,
/// no comment or tag reaches beyond the quote. What would do so gets a zero-width space, which readers don't see.
/// </summary>
internal static partial class QuotedText
{
    private const string Nothing = "\u200B";

    /// <summary><paramref name="text"/> as a quote of at most <paramref name="room"/> characters. A fence that isn't closed ends with the quote.</summary>
    public static string Of(string text, int room)
    {
        var lines = Harmless(text).Split('\n').Select(line => line.Length == 0 ? ">" : $"> {line}");
        return Cut(string.Join('\n', lines), room);
    }

    /// <summary><paramref name="text"/> in one line that does no harm outside a quote either.</summary>
    public static string Line(string text, int room) => Cut(Harmless(text).ReplaceLineEndings(" ").Replace('\n', ' '), room);

    /// <summary>At most <paramref name="length"/> characters, never half of one.</summary>
    public static string Cut(string text, int length)
    {
        if (text.Length <= length) return text;
        if (length < 2) return "";
        return $"{text[..(char.IsHighSurrogate(text[length - 2]) ? length - 2 : length - 1)]}…";
    }

    /// <summary>In code spans too, though GitHub finds nothing there: where code begins, only its own parser knows for sure.</summary>
    private static string Harmless(string text)
    {
        text = Unseen().Replace(text.Trim().ReplaceLineEndings("\n"), "");
        text = Tag().Replace(text, $"<{Nothing}");
        text = Mention().Replace(text, $"@{Nothing}");
        text = ClosingWord().Replace(text, word => $"{word.Value[0]}{Nothing}{word.Value[1..]}");
        return Number().Replace(text, sign => $"{sign.Value}{Nothing}");
    }

    [GeneratedRegex(@"[\p{Cc}-[\n\t]]|[\u202A-\u202E\u2066-\u2069]")]
    private static partial Regex Unseen();

    /// <summary>What begins a tag or a comment; our own begin and end marks are comments.</summary>
    [GeneratedRegex("<(?=[A-Za-z/!?])")]
    private static partial Regex Tag();

    /// <summary>A person or team; an address or a version (<c>npm@10</c>) is none.</summary>
    [GeneratedRegex("(?<![A-Za-z0-9])@(?=[A-Za-z0-9])")]
    private static partial Regex Mention();

    [GeneratedRegex(@"(?:#|\bGH-)(?=\d)", RegexOptions.IgnoreCase)]
    private static partial Regex Number();

    /// <summary>https://docs.github.com/issues/tracking-your-work-with-issues/linking-a-pull-request-to-an-issue: before an address it closes, too.</summary>
    [GeneratedRegex(@"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=[\s:]+[\[(<*_]*(?:https?:|GH-|[\w./-]*#))", RegexOptions.IgnoreCase)]
    private static partial Regex ClosingWord();
}
