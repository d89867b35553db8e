using System.Text.RegularExpressions;

namespace Ampx.FakeGitHub.Workflows;

/// <summary>The little of <c>${{ … }}</c> that test repositories use: names, and comparisons joined by <c>&amp;&amp;</c>.</summary>
internal static partial class Expressions
{
    /// <summary>Puts values in the place of expressions; what isn't known becomes empty.</summary>
    public static string Fill(string text, Func<string, string?> value) =>
        Expression().Replace(text, match => Term(match.Groups[1].Value.Trim(), value));

    /// <summary>An <c>if:</c>, given whether something before has failed.</summary>
    public static bool Holds(string? condition, bool failed, Func<string, string?> value)
    {
        if (string.IsNullOrWhiteSpace(condition)) return !failed;
        var text = Expression().Replace(condition, match => match.Groups[1].Value).Trim();
        var holds = text.Split("&&").All(part => Part(part.Trim(), failed, value));
        return holds && (!failed || StatusCheck().IsMatch(text));
    }

    private static bool Part(string part, bool failed, Func<string, string?> value)
    {
        if (part.Split("==") is [var left, var right]) return Term(left.Trim(), value) == Term(right.Trim(), value);
        if (part.Split("!=") is [var one, var other]) return Term(one.Trim(), value) != Term(other.Trim(), value);
        if (part.StartsWith('!')) return !Part(part[1..].Trim(), failed, value);
        return part switch
        {
            "always()" or "true" => true,
            "success()" => !failed,
            "failure()" => failed,
            "cancelled()" or "false" => false,
            _ => Term(part, value) is not ("" or "false" or "0"),
        };
    }

    private static string Term(string term, Func<string, string?> value) =>
        term is ['\'', .., '\''] ? term[1..^1] : term is "true" or "false" ? term : value(term) ?? "";

    [GeneratedRegex(@"\$\{\{(.*?)\}\}")]
    private static partial Regex Expression();

    [GeneratedRegex(@"\b(always|failure|cancelled)\(\)")]
    private static partial Regex StatusCheck();
}
