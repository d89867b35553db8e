using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Ampx.Core.Secrecy;

namespace Ampx.Core.Ci;

/// <summary>Takes secrets out of text that leaves the place they were meant for: what is known to be one, and what looks like one.</summary>
public sealed partial class Redaction
{
    /// <summary>What stands where a secret was.</summary>
    public const string Mask = "***";

    /// <summary>Shorter ones would mask words.</summary>
    public const int Shortest = 6;

    private static readonly string[] TokenBeginnings =
        ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "v1.", "AKIA", "ASIA", "AIza", "xox", "npm_", "pypi-", "glpat-", "k_live_", "sk-", "sgamp_", "ampx_", "hf_", "eyJ"];

    private static readonly SearchValues<string> TokenMarkers = SearchValues.Create(TokenBeginnings, StringComparison.Ordinal);

    /// <summary>Without one of these in it no text holds a well-known form: looked for first, as nearly all output has none.</summary>
    private static readonly SearchValues<string> Markers = SearchValues.Create(
        [
            .. TokenBeginnings,
            "PRIVATE KEY-----", "://", "authorization", "password", "passwd", "secret", "token", "apikey", "api_key", "api-key", "accesskey", "access_key", "access-key",
            "privatekey", "private_key", "private-key",
        ],
        StringComparison.OrdinalIgnoreCase);

    private readonly string[] _forms;

    /// <summary>What is searched for: forms share their beginnings, and few strings are found several times as fast as many.</summary>
    private readonly SearchValues<string> _beginnings;

    /// <summary>Masks <paramref name="secrets"/> (of at least <see cref="Shortest"/> characters), also URL-encoded, in JSON and in base64, and the well-known forms.</summary>
    public Redaction(params IEnumerable<string?> secrets)
    {
        _forms = [.. secrets.Where(secret => secret is { Length: >= Shortest }).SelectMany(secret => SecretForms.Of(secret!)).Distinct().OrderByDescending(form => form.Length)];
        _beginnings = SearchValues.Create([.. _forms.Select(form => form[..Shortest]).Distinct()], StringComparison.Ordinal);
    }

    /// <summary>Masks the well-known forms only.</summary>
    public static Redaction WellKnown { get; } = new();

    /// <summary><paramref name="text"/> with <see cref="Mask"/> in place of each secret.</summary>
    public string Apply(string text)
    {
        text = MaskKnown(text);
        if (!text.AsSpan().ContainsAny(Markers)) return text;
        if (text.Contains("PRIVATE KEY-----", StringComparison.Ordinal)) text = PrivateKey().Replace(text, $"$1{Mask}");
        if (text.AsSpan().ContainsAny(TokenMarkers)) text = Tokens().Replace(text, Mask);
        if (text.Contains("://", StringComparison.Ordinal) && text.Contains('@', StringComparison.Ordinal)) text = UrlPassword().Replace(text, $"$1{Mask}@");
        if (text.Contains("authorization", StringComparison.OrdinalIgnoreCase)) text = Header().Replace(text, $"$1{Mask}");
        return Assigned().Replace(text, match => LooksRandom(match.Groups[2].ValueSpan) ? $"{match.Groups[1].ValueSpan}{Mask}" : match.Value);
    }

    /// <summary>One of the secrets that were given is in <paramref name="text"/>, in any of its forms.</summary>
    public bool HasKnown(string text) => !ReferenceEquals(MaskKnown(text), text);

    /// <summary>
    /// Where to cut a piece of a text that goes on, so that no secret is cut in two: in front of what may be one's beginning, and in front of the last word
    /// unless that is very long. <c>0</c> if there is no such place.
    /// </summary>
    /// <param name="piece">UTF-8.</param>
    public int CutBefore(ReadOnlySpan<byte> piece)
    {
        var cut = piece.Length;
        foreach (var form in _forms)
        {
            var bytes = Encoding.UTF8.GetBytes(form);
            for (var length = Math.Min(bytes.Length - 1, piece.Length); length > 0 && piece.Length - length < cut; length--)
                if (piece[^length..].SequenceEqual(bytes.AsSpan(0, length))) cut = piece.Length - length;
        }

        var word = piece[..cut].LastIndexOfAnyExcept(WordBytes) + 1;
        return cut - word <= LongestWord ? word : cut;
    }

    private const int LongestWord = 8 * 1024;
    private static readonly SearchValues<byte> WordBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+/=~%:@"u8);

    /// <summary><paramref name="text"/> without the secrets that were given; what only looks like one stays.</summary>
    public string MaskKnown(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var rest = text.AsSpan();
        StringBuilder? clean = null;
        var kept = 0;
        while (rest[kept..].IndexOfAny(_beginnings) is >= 0 and var further)
        {
            kept += further;
            if (LengthAt(rest[kept..]) is not (> 0 and var length))
            {
                kept++;
                continue;
            }

            (clean ??= new(text.Length)).Append(rest[..kept]).Append(Mask);
            rest = rest[(kept + length)..];
            kept = 0;
        }

        return clean?.Append(rest).ToString() ?? text;
    }

    /// <summary>Of the longest form that <paramref name="text"/> begins with; 0 for none.</summary>
    private int LengthAt(ReadOnlySpan<char> text)
    {
        foreach (var form in _forms)
            if (text.StartsWith(form, StringComparison.Ordinal)) return form.Length;
        return 0;
    }

    /// <summary>Words such as <c>password=required</c> stay.</summary>
    private static bool LooksRandom(ReadOnlySpan<char> value) => value.IndexOfAnyInRange('0', '9') >= 0 && (value.IndexOfAnyInRange('a', 'z') >= 0 || value.IndexOfAnyInRange('A', 'Z') >= 0);

    /// <summary>GitHub, AWS, Google, Slack, npm, PyPI, GitLab, Stripe, OpenAI and Anthropic, Amp, Ampx itself, Hugging Face, JSON web tokens.</summary>
    [GeneratedRegex(@"(?:\b|(?<=%[0-9A-Fa-f]{2}|\\[nrtbf]|_))(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|v1\.[0-9a-f]{40}\b|(AKIA|ASIA)[0-9A-Z]{16}\b|AIza[0-9A-Za-z_-]{35}|xox[abeoprs]-[A-Za-z0-9-]{10,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{20,}|glpat-[A-Za-z0-9_-]{20,}|[rs]k_live_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{20,}|sgamp_[A-Za-z0-9_-]{16,}|ampx_[A-Za-z0-9_-]{40,}|hf_[A-Za-z0-9]{30,}|eyJ[A-Za-z0-9_-]{8,512}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+)")]
    private static partial Regex Tokens();

    [GeneratedRegex(@"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?:\\[nrt]|[A-Za-z0-9+/=\s])*(-----END [A-Z ]*PRIVATE KEY-----)?")]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@""']*:)[^\s/@""']+@", RegexOptions.IgnoreCase)]
    private static partial Regex UrlPassword();

    [GeneratedRegex(@"(\bauthorization[""']?\s*[:=]\s*[""']?(?:bearer|basic|token)\s+)[A-Za-z0-9._~+/=-]{8,}", RegexOptions.IgnoreCase)]
    private static partial Regex Header();

    [GeneratedRegex(@"((?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)[""']?\s*[:=]\s*[""']?)([A-Za-z0-9+/_.~=-]{16,})", RegexOptions.IgnoreCase)]
    private static partial Regex Assigned();
}
