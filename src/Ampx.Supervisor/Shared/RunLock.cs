using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Ampx.Runs;

/// <summary>
/// The supervisor's sign of life: an flock that the kernel drops with its process, however that ends. Pids come again, this doesn't lie.
/// Taken by plain calls: .NET's own file locking would get in the way of a look at a file that somebody holds.
/// </summary>
internal sealed class RunLock : IDisposable
{
    private readonly int _fd;

    private RunLock(int fd) => _fd = fd;

    /// <summary>Null if another process keeps it for longer than a look takes.</summary>
    public static RunLock? Take(string path, TimeSpan patience)
    {
        var fd = Native.Open(path, Native.O_RDWR | Native.O_CREAT);
        for (var waited = TimeSpan.Zero; Native.flock(fd, Native.LOCK_EX | Native.LOCK_NB) != 0; waited += Pause)
        {
            if (waited < patience)
            {
                Thread.Sleep(Pause);
                continue;
            }
            _ = Native.close(fd);
            return null;
        }
        return new RunLock(fd);
    }

    /// <summary>A look: takes the lock shared for an instant, which <see cref="Take"/> outwaits.</summary>
    public static bool IsHeld(string path)
    {
        int fd;
        try
        {
            fd = Native.Open(path, Native.O_RDONLY);
        }
        catch (Win32Exception missing) when (missing.NativeErrorCode is Native.ENOENT or Native.ENOTDIR)
        {
            return false;
        }
        var free = Native.flock(fd, Native.LOCK_SH | Native.LOCK_NB) == 0;
        var error = free ? 0 : Marshal.GetLastPInvokeError();
        _ = Native.close(fd);
        return !free && error != Native.EINTR;
    }

    private static TimeSpan Pause => TimeSpan.FromMilliseconds(5);

    public void Dispose() => _ = Native.close(_fd);
}
