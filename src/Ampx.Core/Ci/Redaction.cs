using System.Text.RegularExpressions;

namespace Ampx.Core.Ci;

/// <summary>Takes secrets out of text that leaves the place they were meant for: what is known to be one, and what looks like one.</summary>
public sealed partial class Redaction
{
    /// <summary>What stands where a secret was.</summary>
    public const string Mask = "***";

    private readonly string[] _secrets;

    /// <summary>Masks <paramref name="secrets"/> (of at least 6 characters: shorter ones would mask words) and the well-known forms.</summary>
    public Redaction(params IEnumerable<string?> secrets) =>
        _secrets = [.. secrets.Where(secret => secret is { Length: >= 6 }).Select(secret => secret!).Distinct().OrderByDescending(secret => secret.Length)];

    /// <summary>Masks the well-known forms only.</summary>
    public static Redaction WellKnown { get; } = new();

    /// <summary><paramref name="text"/> with <see cref="Mask"/> in place of each secret.</summary>
    public string Apply(string text)
    {
        foreach (var secret in _secrets) text = text.Replace(secret, Mask, StringComparison.Ordinal);
        text = Tokens().Replace(text, Mask);
        text = PrivateKey().Replace(text, $"$1{Mask}");
        text = UrlPassword().Replace(text, $"$1{Mask}@");
        text = Header().Replace(text, $"$1{Mask}");
        return Assigned().Replace(text, match => LooksRandom(match.Groups[2].ValueSpan) ? $"{match.Groups[1].ValueSpan}{Mask}" : match.Value);
    }

    /// <summary>Words such as <c>password=required</c> stay.</summary>
    private static bool LooksRandom(ReadOnlySpan<char> value) => value.IndexOfAnyInRange('0', '9') >= 0 && (value.IndexOfAnyInRange('a', 'z') >= 0 || value.IndexOfAnyInRange('A', 'Z') >= 0);

    /// <summary>GitHub, AWS, Google, Slack, npm, PyPI, GitLab, Stripe, OpenAI and Anthropic, Amp, Hugging Face, JSON web tokens.</summary>
    [GeneratedRegex(@"\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|v1\.[0-9a-f]{40}\b|(AKIA|ASIA)[0-9A-Z]{16}\b|AIza[0-9A-Za-z_-]{35}|xox[abeoprs]-[A-Za-z0-9-]{10,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{20,}|glpat-[A-Za-z0-9_-]{20,}|[rs]k_live_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{20,}|sgamp_[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{30,}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+)")]
    private static partial Regex Tokens();

    [GeneratedRegex(@"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[A-Za-z0-9+/=\s]*(-----END [A-Z ]*PRIVATE KEY-----)?")]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@""']*:)[^\s/@""']+@", RegexOptions.IgnoreCase)]
    private static partial Regex UrlPassword();

    [GeneratedRegex(@"(\bauthorization[""']?\s*[:=]\s*[""']?(?:bearer|basic|token)\s+)[A-Za-z0-9._~+/=-]{8,}", RegexOptions.IgnoreCase)]
    private static partial Regex Header();

    [GeneratedRegex(@"(\b[A-Za-z0-9_-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)[""']?\s*[:=]\s*[""']?)([A-Za-z0-9+/_.~=-]{16,})", RegexOptions.IgnoreCase)]
    private static partial Regex Assigned();
}
