using System.Text.RegularExpressions;

namespace Ampx.Core;

/// <summary>How words of strangers (CI's logs, issues, names in a repository, a server's answers) stand in a prompt: between marks that they can't write themselves, and only what a person would see of them.</summary>
public static partial class Fence
{
    /// <summary>Characters that a fence takes besides its text, at most.</summary>
    public const int Room = (2 * (LongestRun + 1)) + 7;

    /// <summary>More backticks in a row say nothing more, and would let a text make its fence as long as it likes.</summary>
    private const int LongestRun = 8;

    /// <summary><paramref name="text"/> in lines of its own, between marks longer than any run of backticks in it. Always the same for the same text.</summary>
    public static string Of(string text, string kind = "text")
    {
        var inside = Plain(text).Trim('\n');
        var mark = new string('`', Math.Max(3, Runs().Matches(inside).Select(run => run.Length + 1).DefaultIfEmpty().Max()));
        return $"{mark}{kind}\n{inside}\n{mark}\n";
    }

    /// <summary>A name in one line between backticks, which it has none of itself; at most <paramref name="room"/> characters.</summary>
    public static string Name(string text, int room) => $"`{Ci.LogText.Cut(Line(text).Replace('`', '\''), room - 2)}`";

    /// <summary><paramref name="text"/> in one line.</summary>
    public static string Line(string text) => Space().Replace(Plain(text), " ").Trim();

    /// <summary>
    /// What a person would see: without terminal commands, control characters other than tab and line end, marks that turn the direction of writing,
    /// and characters without a shape, in which words for an agent alone can be hidden. Never longer than <paramref name="text"/>.
    /// </summary>
    public static string Plain(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = Unseen().Replace(Commands().Replace(text.ReplaceLineEndings("\n"), ""), "");
        return Runs().Replace(text, run => run.Length <= LongestRun ? run.Value : run.Value[..LongestRun]);
    }

    /// <summary>ECMA-48: CSI, OSC and two-character commands.</summary>
    [GeneratedRegex(@"\x1b(?:\[[^@-~\n]*[@-~]?|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[^\n])?")]
    private static partial Regex Commands();

    /// <summary>Also halves of characters; the tags of plane 14 are two halves each, and its variation selectors.</summary>
    [GeneratedRegex(@"[\p{Cc}-[\n\t]]|[\p{Cf}\u034F\u115F\u1160\u17B4\u17B5\u3164\uFFA0\u2028\u2029]|\uDB40[\uDC00-\uDFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]")]
    private static partial Regex Unseen();

    [GeneratedRegex("`+")]
    private static partial Regex Runs();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
