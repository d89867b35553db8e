using System.Globalization;
using System.Text;

namespace Ampx.Core.Tasks;

/// <summary>The task's branch: <c>amp/&lt;slug of the prompt, at most 40 characters&gt;-&lt;last 6 of the id, lower case&gt;</c>.</summary>
public static class BranchName
{
    private const int SlugLength = 40;

    /// <summary>À to ÿ without their marks; <see cref="string.Normalize()"/> does nothing in the invariant culture that Ampx runs in.</summary>
    private const string Latin1Letters = "aaaaaaaceeeeiiiidnooooo-ouuuuytsaaaaaaaceeeeiiiidnooooo-ouuuuyty";

    /// <summary>Always a valid git reference, whatever the prompt holds: of its first line the ASCII letters and digits, dashes between.</summary>
    public static string Of(string prompt, string id)
    {
        var slug = new StringBuilder();
        foreach (var written in prompt)
        {
            if (slug.Length >= SlugLength || (written is '\n' or '\r' && slug.Length > 0)) break;
            var c = written is >= 'À' and <= 'ÿ' ? Latin1Letters[written - 'À'] : char.ToLowerInvariant(written);
            if (char.IsAsciiLetterOrDigit(c)) slug.Append(c);
            else if (CharUnicodeInfo.GetUnicodeCategory(c) is not UnicodeCategory.NonSpacingMark && slug.Length > 0 && slug[^1] != '-') slug.Append('-');
        }

        var words = slug.ToString().TrimEnd('-');
        return $"amp/{(words.Length == 0 ? "task" : words)}-{id[^6..].ToLowerInvariant()}";
    }
}
