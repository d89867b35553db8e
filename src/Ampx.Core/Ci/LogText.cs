using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Ampx.Core.Ci;

/// <summary>A CI log's lines as people would read them.</summary>
public static partial class LogText
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
    public static string Clean(string line, out DateTimeOffset? time)
    {
        time = null;
        var text = line.AsSpan().TrimStart('\uFEFF');
        // 2024-05-01T12:34:56.1234567Z text
        if (text.Length >= 20 && text[4] == '-' && text[10] == 'T' && char.IsAsciiDigit(text[0]) && text[..Math.Min(text.Length, 36)].IndexOf('Z') is var z and >= 19
            && DateTimeOffset.TryParse(text[..(z + 1)], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
        {
            time = at;
            text = text[(z + 1)..];
            if (text is [' ', ..]) text = text[1..];
        }

        text = text.TrimEnd();
        var plain = text.Length == line.Length ? line : text.ToString();
        if (plain.Contains('\u001b', StringComparison.Ordinal)) plain = Ansi().Replace(plain, "");
        if (plain.LastIndexOf('\r') is var cr and >= 0) plain = plain[(cr + 1)..];
        return plain.AsSpan().IndexOfAnyInRange('\0', '\u0008') >= 0 ? Control().Replace(plain, "") : plain;
    }

    [GeneratedRegex(@"\u001b(\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(\u0007|\u001b\\)?|[@-Z\\-_=>])")]
    private static partial Regex Ansi();

    [GeneratedRegex(@"[\u0000-\u0008\u000b\u000c\u000e-\u001f]")]
    private static partial Regex Control();
}
