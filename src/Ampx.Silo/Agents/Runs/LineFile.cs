using System.Text;
using Ampx.Core.Ci;

namespace Ampx.Silo.Agents.Runs;

/// <summary>Reads whole lines from a file that somebody else appends to. LF, CRLF and a lone CR (a progress bar) end a line.</summary>
/// <param name="until">Bytes from here on are as if not there.</param>
/// <param name="redaction">Whose secrets a cut line isn't cut within.</param>
internal sealed class LineFile(string path, long position, int longestLine, long until = long.MaxValue, Redaction? redaction = null) : IDisposable
{
    private FileStream? _file;
    private byte[] _buffer = new byte[RunFollower.ChunkSize];
    private int _filled;

    /// <summary>The byte behind the last line given.</summary>
    public long Position { get; private set; } = position;

    /// <summary>The next lines, about 64 KB at most; null if there is none that is whole yet. At the file's end (<paramref name="complete"/>) also one without an end.</summary>
    public IReadOnlyList<string>? Read(bool complete)
    {
        while (true)
        {
            var atEnd = Fill();
            if (_filled == 0)
                return null;
            var bytes = _buffer.AsSpan(0, _filled);
            var end = EndOfLines(bytes, complete && atEnd);
            if (end == 0 && _filled == _buffer.Length)
            {
                if (_buffer.Length < longestLine)
                {
                    Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, longestLine));
                    continue;
                }
                end = EndOfCharacters(bytes);
                if (redaction?.CutBefore(bytes[..end]) is > 0 and var earlier) end = earlier;
            }
            else if (end == 0 && complete && atEnd)
            {
                end = _filled;
            }
            return end == 0 ? null : Take(end);
        }
    }

    private bool Fill()
    {
        if (_file is null && File.Exists(path))
            _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (_file is null)
            return true;
        while (_filled < _buffer.Length)
        {
            var from = Position + _filled;
            var room = (int)Math.Min(_buffer.Length - _filled, Math.Max(0, until - from));
            var read = RandomAccess.Read(_file.SafeFileHandle, _buffer.AsSpan(_filled, room), from);
            if (read == 0)
                return true;
            _filled += read;
        }
        return false;
    }

    /// <summary>Behind the last whole line. A CR in last place waits for what follows: it may be half of a CRLF.</summary>
    private static int EndOfLines(ReadOnlySpan<byte> bytes, bool complete)
    {
        var last = bytes.LastIndexOfAny((byte)'\n', (byte)'\r');
        if (last >= 0 && last == bytes.Length - 1 && bytes[last] == '\r' && !complete)
            last = bytes[..last].LastIndexOfAny((byte)'\n', (byte)'\r');
        return last + 1;
    }

    /// <summary>Without the first bytes of a character whose rest is still to come, and without a CR in last place.</summary>
    private static int EndOfCharacters(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.Length;
        if (bytes[end - 1] == '\r')
            return end - 1;
        for (var back = 1; back <= 3 && back < bytes.Length; back++)
        {
            var lead = bytes[^back];
            var size = lead switch { >= 0xf0 => 4, >= 0xe0 => 3, >= 0xc0 => 2, < 0x80 => 1, _ => 0 };
            if (size == 0)
                continue; // a following byte: the leading one is further back
            return size > back ? end - back : end;
        }
        return end;
    }

    private List<string> Take(int end)
    {
        var lines = new List<string>();
        var rest = _buffer.AsSpan(0, end);
        while (!rest.IsEmpty)
        {
            var at = rest.IndexOfAny((byte)'\n', (byte)'\r');
            // PostgreSQL's text can't hold NUL; ␀ is its picture.
            lines.Add(Encoding.UTF8.GetString(at < 0 ? rest : rest[..at]).Replace('\0', '\u2400'));
            var crlf = at >= 0 && rest[at] == '\r' && at + 1 < rest.Length && rest[at + 1] == '\n';
            rest = at < 0 ? [] : rest[(at + (crlf ? 2 : 1))..];
        }
        _buffer.AsSpan(end, _filled - end).CopyTo(_buffer);
        _filled -= end;
        Position += end;
        // A rare long line must not keep its memory for hours.
        if (_buffer.Length > RunFollower.ChunkSize && _filled <= RunFollower.ChunkSize)
            Array.Resize(ref _buffer, RunFollower.ChunkSize);
        return lines;
    }

    public void Dispose() => _file?.Dispose();
}
