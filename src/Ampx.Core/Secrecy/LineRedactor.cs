using Ampx.Core.Ci;

namespace Ampx.Core.Secrecy;

/// <summary>
/// Masks a stream line by line: as many lines come out as go in, so that offsets and numbers stay. What it remembers is whether the last line stood in
/// a private key; who begins in the middle of a stream shows it the <see cref="Memory"/> bytes before.
/// </summary>
public sealed class LineRedactor(Redactor redactor)
{
    /// <summary>More than a key of 16,384 bits takes.</summary>
    public const int Memory = 32 * 1024;

    private const int LongestKeyLine = 100, MostKeyLines = 250, WholeLine = 40;
    private int _keyLines;

    /// <summary>The next line.</summary>
    public string Apply(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        if (_keyLines > 0)
        {
            var end = line.Contains("-----END ", StringComparison.Ordinal);
            if (!end && --_keyLines > 0 && IsKeyLine(line)) return line.Length == 0 ? line : Redaction.Mask;
            _keyLines = 0;
            if (end) return Redaction.Mask;
        }

        var shown = redactor.Now.Apply(line);
        // The first line of a key never stays as it is.
        if (ReferenceEquals(shown, line)) return line;
        var begin = line.LastIndexOf("PRIVATE KEY-----", StringComparison.Ordinal);
        if (begin >= 0 && line.LastIndexOf("-----BEGIN ", begin, StringComparison.Ordinal) > line.LastIndexOf("-----END ", StringComparison.Ordinal)) _keyLines = MostKeyLines;
        return shown;
    }

    /// <summary>Base64, a whole line of it perhaps behind a time, and the headers of an old encrypted key.</summary>
    private static bool IsKeyLine(string line)
    {
        var word = line.AsSpan().Trim();
        if (word.Length > LongestKeyLine) return false;
        if (word.StartsWith("Proc-Type:", StringComparison.Ordinal) || word.StartsWith("DEK-Info:", StringComparison.Ordinal)) return true;
        var last = word[(word.LastIndexOf(' ') + 1)..];
        if (last.Length < word.Length && last.Length < WholeLine) return false;
        word = last;
        foreach (var c in word)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('+' or '/' or '=')) return false;
        return true;
    }
}
