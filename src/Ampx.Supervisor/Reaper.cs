using System.Runtime.InteropServices;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>Waits for every child, also the orphans that came to us, and keeps how the first one ended.</summary>
internal sealed partial class Reaper : IDisposable
{
    public Reaper(int child) => new Thread(() => Reap(child)) { IsBackground = true, Name = "reaper" }.Start();

    /// <summary>Set when the child has ended.</summary>
    public ManualResetEventSlim Ended { get; } = new();

    /// <summary>As a shell tells it: 128 + signal. Null while it lives.</summary>
    public int? Code { get; private set; }
    public int? Signal { get; private set; }

    private void Reap(int child)
    {
        while (true)
        {
            var pid = waitpid(-1, out var status, 0);
            if (pid == child)
            {
                Signal = (status & 0x7f) is var signal and not 0 ? signal : null;
                Code = Signal is { } killer ? 128 + killer : (status >> 8) & 0xff;
                Ended.Set();
            }
            else if (pid < 0 && Marshal.GetLastPInvokeError() == Native.ECHILD)
            {
                return; // no child, so no descendant either, and none will come
            }
        }
    }

    public void Dispose() => Ended.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int waitpid(int pid, out int status, int options);
}
