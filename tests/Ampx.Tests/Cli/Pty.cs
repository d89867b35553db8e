using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Ampx.Tests.Cli;

/// <summary>A terminal of the system's own kind, as wide and high as asked, and everything that is written to it.</summary>
internal sealed class Pty : IDisposable
{
    private const int ReadWrite = 2, NoControllingTerminal = 0x100, CloseOnExec = 0x80000;
    private const ulong SetWindowSize = 0x5414;
    private readonly int _master;
    private readonly StringBuilder _seen = new();
    private readonly Task _reading;
    private bool _over;

    public Pty(int columns = 80, int rows = 24)
    {
        _master = posix_openpt(ReadWrite | NoControllingTerminal | CloseOnExec);
        var size = new WindowSize((ushort)rows, (ushort)columns);
        if (_master < 0 || grantpt(_master) != 0 || unlockpt(_master) != 0 || ioctl(_master, SetWindowSize, in size) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
        var name = new byte[64];
        if (ptsname_r(_master, name, (nuint)name.Length) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
        Path = Encoding.ASCII.GetString(name).TrimEnd('\0');
        _reading = Task.Run(Read);
    }

    /// <summary>The end that a program opens.</summary>
    public string Path { get; }

    /// <summary>What was written so far, as it came: with escape sequences, and CR LF at the ends of lines.</summary>
    public string Seen
    {
        get
        {
            lock (_seen) return _seen.ToString();
        }
    }

    /// <summary>Presses keys: <c>\u0003</c> is Ctrl+C.</summary>
    public void Press(string keys)
    {
        var bytes = Encoding.UTF8.GetBytes(keys);
        if (write(_master, bytes, (nuint)bytes.Length) != bytes.Length) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>All that was written, to be asked when the program on it has ended.</summary>
    public async Task<string> End()
    {
        Volatile.Write(ref _over, true);
        await _reading.WaitAsync(TimeSpan.FromSeconds(30));
        return Seen;
    }

    // Once all programs have closed the other end, reading fails with EIO.
    private void Read()
    {
        var piece = new byte[4096];
        var decoder = Encoding.UTF8.GetDecoder();
        var letters = new char[4096];
        var opened = false;
        while (true)
        {
            var count = (int)read(_master, piece, (nuint)piece.Length);
            if (count > 0)
            {
                opened = true;
                lock (_seen) _seen.Append(letters, 0, decoder.GetChars(piece, 0, count, letters, 0));
            }
            else if (opened || Volatile.Read(ref _over))
            {
                return;
            }
            else
            {
                Thread.Sleep(5);
            }
        }
    }

    public void Dispose()
    {
        Volatile.Write(ref _over, true);
        _ = close(_master);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct WindowSize(ushort Rows, ushort Columns, ushort Width = 0, ushort Height = 0);

#pragma warning disable SYSLIB1054 // Generated marshalling would need unsafe code in the whole project.
#pragma warning disable IDE1006, CA2101 // The system's own names.
    [DllImport("libc", SetLastError = true)]
    private static extern int posix_openpt(int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int grantpt(int descriptor);

    [DllImport("libc", SetLastError = true)]
    private static extern int unlockpt(int descriptor);

    [DllImport("libc", SetLastError = true)]
    private static extern int ptsname_r(int descriptor, byte[] name, nuint length);

    [DllImport("libc", SetLastError = true)]
    private static extern int ioctl(int descriptor, ulong request, in WindowSize size);

    [DllImport("libc", SetLastError = true)]
    private static extern nint read(int descriptor, byte[] to, nuint count);

    [DllImport("libc", SetLastError = true)]
    private static extern nint write(int descriptor, byte[] from, nuint count);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int descriptor);
#pragma warning restore IDE1006, CA2101, SYSLIB1054
}
