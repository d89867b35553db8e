using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Ampx.Core.Ci;

/// <summary>A CI log's lines as people would read them.</summary>
public static class LogText
{
    /// <summary>Characters of one line that are kept; a minified bundle in one line must not fill the memory.</summary>
    public const int LineLimit = 4000;

    /// <summary>Lines of UTF-8 text, each at most <see cref="LineLimit"/> characters long, however long the text and its lines are.</summary>
    public static async IAsyncEnumerable<string> Lines(Stream stream, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16, leaveOpen: true);
        var buffer = ArrayPool<char>.Shared.Rent(1 << 16);
        try
        {
            var rest = new StringBuilder();
            for (int read; (read = await reader.ReadAsync(buffer, cancel)) > 0;)
            {
                for (var from = 0; from < read;)
                {
                    var length = buffer.AsSpan(from, read - from).IndexOf('\n');
                    var part = buffer.AsMemory(from, length < 0 ? read - from : length);
                    if (length >= 0 && rest.Length == 0)
                    {
                        yield return part.Span[..Math.Min(part.Length, LineLimit)].ToString();
                    }
                    else
                    {
                        rest.Append(part.Span[..Math.Min(part.Length, LineLimit - rest.Length)]);
                        if (length >= 0) yield return Take(rest);
                    }

                    from += part.Length + (length < 0 ? 0 : 1);
                }
            }

            if (rest.Length > 0) yield return Take(rest);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer);
        }

        static string Take(StringBuilder text)
        {
            var line = text.ToString();
            text.Clear();
            return line;
        }
    }

    /// <summary>Takes off GitHub's timestamp, colours and other terminal commands, and what a carriage return wrote over.</summary>
    public static string Clean(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        var text = line.AsSpan().TrimStart('\uFEFF');
        text = text[StampLength(text)..].TrimEnd();
        if (text.LastIndexOf('\r') is var cr and >= 0) text = text[(cr + 1)..];
        if (text.IndexOfAnyInRange('\0', '\u0008') >= 0 || text.IndexOfAnyInRange('\u000b', '\u001f') >= 0) return Plain(text);
        return text.Length == line.Length ? line : text.ToString();
    }

    /// <summary>The time that GitHub put before the line; null if there is none.</summary>
    public static DateTimeOffset? Time(string line)
    {
        var text = line.AsSpan().TrimStart('\uFEFF');
        var stamp = text[..StampLength(text)].TrimEnd();
        return stamp.Length > 0 && DateTimeOffset.TryParse(stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
    }

    /// <summary><c>2024-05-01T12:34:56.1234567Z </c></summary>
    private static int StampLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || !char.IsAsciiDigit(text[0])) return 0;
        var end = text[..Math.Min(text.Length, 36)].IndexOf('Z') + 1;
        if (end < 20) return 0;
        return end < text.Length && text[end] == ' ' ? end + 1 : end;
    }

    /// <summary>Without terminal commands (ECMA-48: CSI, OSC and two-character ones) and other control characters but the tab.</summary>
    private static string Plain(ReadOnlySpan<char> text)
    {
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is >= ' ' or '\t')
            {
                plain.Append(c);
                continue;
            }

            if (c != '\u001b' || i + 1 >= text.Length) continue;
            switch (text[++i])
            {
                case '[':
                    while (++i < text.Length && text[i] is < '@' or > '~') { }
                    break;
                case ']':
                    while (++i < text.Length && text[i] != '\u0007' && !(text[i] == '\\' && text[i - 1] == '\u001b')) { }
                    break;
                default:
                    break;
            }
        }

        return plain.ToString().TrimEnd();
    }
}
