using System.Runtime.InteropServices;
using System.Text;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>
/// Carries one pipe into one file, byte for byte and at once. It never stops reading, for an agent that can't write stands still:
/// what finds the disk full waits here for room, and what is too much for that, or over the limit, is dropped and counted, and the file says
/// so where it is missing. The end of it is kept in any case: an agent's last line is its result.
/// </summary>
internal sealed class Pump
{
    private const int EndSize = 1024 * 1024, MostHeld = 1024 * 1024;
    private readonly Lock _gate = new();
    private readonly Thread _thread;
    private readonly long _limit;
    private readonly Action<ReadOnlySpan<byte>> _heard;
    private readonly string _path;
    private int _file = -1;
    private byte[]? _end;
    private byte[] _held = [];
    private long _taken, _dropped, _over, _lost;
    private bool _midLine;
    private bool _finished;

    public Pump(int pipe, string path, long limit, Action<ReadOnlySpan<byte>> heard)
    {
        (_path, _limit, _heard) = (path, limit, heard);
        _thread = new Thread(() => Carry(pipe)) { IsBackground = true, Name = Path.GetFileName(path) };
        _thread.Start();
    }

    public long Dropped
    {
        get
        {
            lock (_gate)
                return _dropped + _held.Length;
        }
    }

    /// <summary>Waits for the pipe's end, but not for ever: somebody may hold it who isn't ours. Nothing more is taken afterwards.</summary>
    public void Finish(TimeSpan patience)
    {
        _thread.Join(patience > TimeSpan.Zero ? patience : TimeSpan.Zero);
        lock (_gate)
            _finished = true;
    }

    /// <summary>After <see cref="Finish"/>: writes what still waits, and the end. False if there is no room for it; may be called again.</summary>
    public bool Settle()
    {
        lock (_gate)
        {
            if (!Caught())
                return false;
            TakeEnd();
            if (!Caught())
                return false;
            if (_file >= 0)
                _ = Native.fsync(_file);
            return true;
        }
    }

    private unsafe void Carry(int pipe)
    {
        var buffer = new byte[64 * 1024];
        fixed (byte* bytes = buffer)
        {
            while (true)
            {
                var count = Native.read(pipe, bytes, buffer.Length);
                if (count < 0 && Marshal.GetLastPInvokeError() == Native.EINTR)
                    continue;
                if (count <= 0)
                    return;
                lock (_gate)
                {
                    if (_finished)
                        return;
                    Keep(bytes, count);
                }
                _heard(buffer.AsSpan(0, (int)count));
            }
        }
    }

    private unsafe void Keep(byte* bytes, nint count)
    {
        var within = (int)Math.Min(count, Math.Max(0, _limit - _taken));
        var piece = new ReadOnlySpan<byte>(bytes, within);
        _taken += within;
        Hold(Caught() ? piece[Append(piece)..] : piece);
        if (count > within)
            RememberEnd(new ReadOnlySpan<byte>(bytes + within, (int)(count - within)));
    }

    /// <summary>True when everything before is in the file, or the file says what is missing.</summary>
    private bool Caught()
    {
        _held = _held[Append(_held)..];
        if (_held.Length == 0 && _lost > 0)
        {
            _held = Note($"{_lost} bytes of output could not be written here: the disk was full");
            _lost = 0;
            _held = _held[Append(_held)..];
        }

        return _held.Length == 0;
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        // Nothing comes after a gap before the gap is noted.
        if (_lost > 0 || _held.Length + bytes.Length > MostHeld)
            (_lost, _dropped) = (_lost + bytes.Length, _dropped + bytes.Length);
        else if (bytes.Length > 0)
            _held = [.. _held, .. bytes];
    }

    /// <summary>The latest <see cref="EndSize"/> bytes over the limit, as a ring.</summary>
    private void RememberEnd(ReadOnlySpan<byte> bytes)
    {
        _end ??= new byte[EndSize];
        _dropped += bytes.Length;
        while (!bytes.IsEmpty)
        {
            var at = (int)(_over % EndSize);
            var piece = bytes[..Math.Min(bytes.Length, EndSize - at)];
            piece.CopyTo(_end.AsSpan(at));
            _over += piece.Length;
            bytes = bytes[piece.Length..];
        }
    }

    private void TakeEnd()
    {
        if (_end is null)
            return;
        var at = (int)(_over % EndSize);
        byte[] end = _over <= EndSize ? _end[..(int)_over] : [.. _end[at..], .. _end[..at]];
        // From a whole line on, where there is one.
        var begin = Array.IndexOf(end, (byte)'\n') + 1;
        if (begin == end.Length)
            begin = 0;
        _held = [.. Note($"{_over - end.Length + begin} bytes of output were left out here: it was longer than {_limit} bytes"), .. end[begin..]];
        _dropped -= end.Length - begin;
        _end = null;
    }

    /// <summary>A line of our own.</summary>
    private byte[] Note(string text) => Encoding.UTF8.GetBytes($"{(_midLine ? "\n" : "")}[ampx: {text}]\n");

    private unsafe int Append(ReadOnlySpan<byte> bytes)
    {
        var kept = 0;
        fixed (byte* from = bytes)
        {
            while (kept < bytes.Length && Opened())
            {
                var wrote = Native.write(_file, from + kept, bytes.Length - kept);
                if (wrote > 0)
                    kept += (int)wrote;
                else if (Marshal.GetLastPInvokeError() != Native.EINTR)
                    break; // ENOSPC, EDQUOT, EIO: the next piece may find room again
            }
        }

        if (kept > 0)
            _midLine = bytes[kept - 1] != '\n';
        return kept;
    }

    private bool Opened()
    {
        if (_file < 0)
            _file = Native.open(_path, Native.O_WRONLY | Native.O_CREAT | Native.O_APPEND | Native.O_CLOEXEC, Native.OwnerOnly);
        return _file >= 0;
    }
}
