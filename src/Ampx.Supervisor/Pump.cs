using System.Runtime.InteropServices;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>
/// Carries one pipe into one file, byte for byte and at once. It never stops reading, for an agent that can't write stands still:
/// what is over the limit, or finds the disk full, is dropped and counted.
/// </summary>
internal sealed class Pump
{
    private readonly Lock _gate = new();
    private readonly Thread _thread;
    private readonly long _limit;
    private readonly Action<ReadOnlySpan<byte>> _heard;
    private readonly string _path;
    private int _file = -1;
    private long _written, _dropped;
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
                return _dropped;
        }
    }

    /// <summary>Waits for the pipe's end, but not for ever: somebody may hold it who isn't ours. Nothing is written afterwards.</summary>
    public void Finish(TimeSpan patience)
    {
        _thread.Join(patience > TimeSpan.Zero ? patience : TimeSpan.Zero);
        lock (_gate)
        {
            _finished = true;
            if (_file >= 0)
                _ = Native.fsync(_file);
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
        var within = (nint)Math.Min(count, Math.Max(0, _limit - _written));
        nint kept = 0;
        while (kept < within && Opened())
        {
            var wrote = Native.write(_file, bytes + kept, within - kept);
            if (wrote > 0)
                kept += wrote;
            else if (Marshal.GetLastPInvokeError() != Native.EINTR)
                break; // ENOSPC, EDQUOT, EIO: the next piece may find room again
        }
        _written += kept;
        _dropped += count - kept;
    }

    private bool Opened()
    {
        if (_file < 0)
            _file = Native.open(_path, Native.O_WRONLY | Native.O_CREAT | Native.O_APPEND | Native.O_CLOEXEC, Native.OwnerOnly);
        return _file >= 0;
    }
}
