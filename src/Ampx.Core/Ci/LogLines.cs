using System.Buffers;
using System.Text;

namespace Ampx.Core.Ci;

/// <summary>Cuts UTF-8 text into lines while it arrives. Nothing is made per line: a log has millions of them, and nearly all are looked at once.</summary>
public static class LogLines
{
    /// <summary>Characters of one line that are kept; a minified bundle in one line must not fill the memory.</summary>
    public const int Limit = 4000;

    private const int Block = 1 << 16;

    /// <summary>Takes one line; it is gone when the call returns.</summary>
    public delegate void Taker(ReadOnlySpan<char> line);

    /// <summary>Hands on every line, without its end and cut at <see cref="Limit"/> characters. Of a longer one that overwrites itself (progress), the last state counts.</summary>
    /// <returns>Bytes read.</returns>
    public static async Task<long> Read(Stream stream, Taker take, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(take);
        var bytes = ArrayPool<byte>.Shared.Rent(Block);
        var cutter = new Cutter(take);
        try
        {
            var decoder = Encoding.UTF8.GetDecoder();
            long total = 0;
            for (int read; (read = await stream.ReadAsync(bytes.AsMemory(0, Block), cancel)) > 0; total += read) cutter.Push(decoder, bytes.AsSpan(0, read));
            cutter.End(decoder);
            return total;
        }
        finally
        {
            cutter.Dispose();
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private sealed class Cutter(Taker take) : IDisposable
    {
        /// <summary>The line that hasn't ended yet stands at its beginning.</summary>
        private readonly char[] _chars = ArrayPool<char>.Shared.Rent(Limit + Block + 2);
        private int _length;
        private bool _over;

        public void Push(Decoder decoder, ReadOnlySpan<byte> bytes)
        {
            var fresh = decoder.GetChars(bytes, _chars.AsSpan(_length), flush: false);
            Cut(_length, _length + fresh);
        }

        public void End(Decoder decoder)
        {
            var fresh = decoder.GetChars([], _chars.AsSpan(_length), flush: true);
            Cut(_length, _length + fresh);
            if (_length > 0) take(_chars.AsSpan(0, _length));
        }

        public void Dispose() => ArrayPool<char>.Shared.Return(_chars);

        /// <summary>From 0 to <paramref name="from"/> there is no end of a line.</summary>
        private void Cut(int from, int to)
        {
            var begin = 0;
            for (int length; (length = _chars.AsSpan(from, to - from).IndexOf('\n')) >= 0; begin = from)
            {
                var end = Short(ref begin, from, from + length);
                take(_chars.AsSpan(begin, end - begin));
                from += length + 1;
                _over = false;
            }

            var last = Short(ref begin, from, to);
            _length = last - begin;
            _chars.AsSpan(begin, _length).CopyTo(_chars);
        }

        /// <summary>Where the line that begins at <paramref name="begin"/> ends for us; what is new of it lies between the other two.</summary>
        private int Short(ref int begin, int fresh, int end)
        {
            if (end - begin <= Limit && !_over) return end;
            if (_chars.AsSpan(fresh, end - fresh).TrimEnd('\r').LastIndexOf('\r') is var overwrite and >= 0)
            {
                begin = fresh + overwrite + 1;
                _over = false;
                if (end - begin <= Limit) return end;
            }

            // What was kept of it stays; the rest of it is passed over.
            var kept = _over ? fresh : begin + Limit;
            _over = true;
            return char.IsHighSurrogate(_chars[kept - 1]) ? kept - 1 : kept;
        }
    }
}
