using System.Globalization;
using System.Text;

namespace Ampx.Core.Tasks;

/// <summary>The task's branch: <c>amp/&lt;slug of the prompt, at most 40 characters&gt;-&lt;last 6 of the id, lower case&gt;</c>.</summary>
public static class BranchName
{
    private const int SlugLength = 40;

    /// <summary>Always a valid git reference, whatever the prompt holds.</summary>
    public static string Of(string prompt, string id)
    {
        var slug = new StringBuilder();
        foreach (var c in prompt.TrimStart().Normalize(NormalizationForm.FormD))
        {
            if (slug.Length >= SlugLength || c is '\n' && slug.Length > 0) break;
            if (char.IsAsciiLetterOrDigit(c)) slug.Append(char.ToLowerInvariant(c));
            else if (CharUnicodeInfo.GetUnicodeCategory(c) is not UnicodeCategory.NonSpacingMark && slug.Length > 0 && slug[^1] != '-') slug.Append('-');
        }

        var words = slug.ToString().Trim('-');
        return $"amp/{(words.Length == 0 ? "task" : words)}-{id[^6..].ToLowerInvariant()}";
    }
}
