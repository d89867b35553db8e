using System.Text.RegularExpressions;
using Ampx.Tests.Tasks;

namespace Ampx.Tests.Docs;

/// <summary>One page of the documentation, as Markdown.</summary>
internal sealed partial class Page(string path)
{
    public string Path => path;

    public string Text { get; } = File.ReadAllText(Checkout.File(path));

    /// <summary>The root's pages and everything under docs/.</summary>
    public static IEnumerable<Page> All()
    {
        var root = Checkout.File(".");
        return Directory.EnumerateFiles(Checkout.File("docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Checkout.File("."), "*.md"))
            .Select(file => new Page(System.IO.Path.GetRelativePath(root, file)));
    }

    /// <summary>Headings of that level, each with the text up to the next heading.</summary>
    public Dictionary<string, string> Sections(int level) => Heading().Matches(Text)
        .Where(heading => heading.Groups["marks"].Length == level)
        .ToDictionary(heading => heading.Groups["title"].Value, heading => heading.Groups["body"].Value.Trim());

    /// <summary>What stands in <c>```sh run</c> blocks, in their order.</summary>
    public string Script() => string.Join("\n", Runnable().Matches(Text).Select(block => block.Groups["code"].Value));

    /// <summary>What the examples promise to print: the comments <c># → words</c>.</summary>
    public IReadOnlyList<string> Promises() => [.. Promise().Matches(Script()).Select(promise => promise.Groups["words"].Value.Trim())];

    /// <summary>Cells of the table rows whose first cell is code.</summary>
    public IEnumerable<string[]> Rows() => Row().Matches(Text).Select(row => row.Value.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries));

    /// <summary>Links to other pages and places of this one: a file, or nothing for the page itself, and the anchor, if there is one.</summary>
    public IEnumerable<(string File, string Anchor)> Links() => Link().Matches(Text).Select(link => (link.Groups["to"].Value, link.Groups["anchor"].Value)).Where(link => link != ("", ""));

    /// <summary>The anchors of its headings, as GitHub makes them.</summary>
    public IEnumerable<string> Anchors() => Heading().Matches(Text).Select(heading => NoWord().Replace(heading.Groups["title"].Value.ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>What it says in code: its fenced lines and what stands between backticks.</summary>
    public IEnumerable<string> CodeLines() => Fenced().Matches(Text).SelectMany(block => block.Groups["code"].Value.Split('\n')).Concat(Inline().Matches(Fenced().Replace(Text, "")).Select(code => code.Groups["code"].Value));

    [GeneratedRegex(@"^(?<marks>#+) (?<title>.+)$(?<body>(?:\n(?!#+ ).*)*)", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^```sh run\n(?<code>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Runnable();

    [GeneratedRegex(@"# → (?<words>.+)$", RegexOptions.Multiline)]
    private static partial Regex Promise();

    [GeneratedRegex(@"^\| `.*\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\]\((?<to>[^)#:]*)(#(?<anchor>[^)]*))?\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoWord();

    [GeneratedRegex(@"^```.*\n(?<code>(?:.*\n)*?)```$", RegexOptions.Multiline)]
    private static partial Regex Fenced();

    [GeneratedRegex(@"`(?<code>[^`\n]+)`")]
    private static partial Regex Inline();
}
