using System.Buffers;
using System.Globalization;

namespace Ampx.Core.Ci;

/// <summary>A CI log's lines as people would read them.</summary>
public static class LogText
{
    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, 32).Select(code => (char)code).Where(c => c != '\t'), '\u007f']);

    /// <summary>Takes off GitHub's timestamp, colours and other terminal commands, and what a carriage return wrote over.</summary>
    public static string Clean(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return Clean(line, new char[line.Length]).ToString();
    }

    /// <summary>The same without a string: a part of <paramref name="line"/>, or of <paramref name="room"/>, which must be as long.</summary>
    public static ReadOnlySpan<char> Clean(ReadOnlySpan<char> line, Span<char> room)
    {
        var text = line.TrimStart('\uFEFF');
        text = text[StampLength(text)..].TrimEnd();
        if (!text.ContainsAny(Controls)) return text;
        if (text.LastIndexOf('\r') is var cr and >= 0) text = text[(cr + 1)..];
        return Plain(text, room);
    }

    /// <summary>The time that GitHub put before the line; null if there is none.</summary>
    public static DateTimeOffset? Time(ReadOnlySpan<char> line)
    {
        var text = line.TrimStart('\uFEFF');
        var stamp = text[..StampLength(text)].TrimEnd();
        return stamp.Length > 0 && DateTimeOffset.TryParse(stamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;
    }

    /// <summary><paramref name="text"/>, or its beginning and "…", in at most <paramref name="length"/> characters; a character of two halves stays whole.</summary>
    public static string Cut(string text, int length)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length <= length) return text;
        if (length <= 0) return "";
        var end = length - 1;
        if (end > 0 && char.IsHighSurrogate(text[end - 1])) end--;
        return $"{text.AsSpan(0, end)}…";
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
    private static ReadOnlySpan<char> Plain(ReadOnlySpan<char> text, Span<char> room)
    {
        var length = 0;
        while (!text.IsEmpty)
        {
            var plain = text.IndexOfAny(Controls) is var at and >= 0 ? text[..at] : text;
            plain.CopyTo(room[length..]);
            length += plain.Length;
            text = text[plain.Length..];
            if (!text.IsEmpty) text = text[CommandLength(text)..];
        }

        return room[..length].TrimEnd();
    }

    private static int CommandLength(ReadOnlySpan<char> text)
    {
        if (text[0] != '\u001b' || text.Length == 1) return 1;
        var i = 2;
        switch (text[1])
        {
            case '[':
                while (i < text.Length && text[i] is < '@' or > '~') i++;
                break;
            case ']':
                while (i < text.Length && text[i] != '\u0007' && !(text[i] == '\\' && text[i - 1] == '\u001b')) i++;
                break;
            default:
                return 2;
        }

        return Math.Min(i + 1, text.Length);
    }
}
