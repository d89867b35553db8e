using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ampx.Cli.Connecting;

/// <summary>Other processes of this machine, asked through the system's own calls.</summary>
internal static class Processes
{
    public const int Terminate = 15;
    public const int Quit = 3;

    public static bool IsAlive(int pid) => pid > 0 && Directory.Exists("/proc") ? Directory.Exists($"/proc/{pid}") : Kill(pid, 0) == 0;

    /// <summary>Sends <paramref name="signal"/>; false if there is no such process or it belongs to somebody else.</summary>
    public static bool Signal(int pid, int signal) => pid > 0 && Kill(pid, signal) == 0;

    /// <summary>Makes this process the leader of a new session, so that the terminal's end and its Ctrl+C don't reach it, with its words going to <paramref name="log"/>.</summary>
    public static void Detach(string log)
    {
        const int writeOnly = 1;
        var (create, append) = OperatingSystem.IsMacOS() ? (0x200, 0x8) : (0x40, 0x400);
        _ = SetSession();
        var output = Open(log, writeOnly | create | append, Convert.ToInt32("600", 8));
        var input = Open("/dev/null", 0, 0);
        if (output < 0 || input < 0) return;
        _ = Duplicate(input, 0);
        _ = Duplicate(output, 1);
        _ = Duplicate(output, 2);
    }

#pragma warning disable SYSLIB1054 // Generated marshalling would need unsafe code in the whole project.
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int pid, int signal);

    [DllImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static extern int SetSession();

    [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int Open(string path, int flags, int mode);

    [DllImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static extern int Duplicate(int from, int to);
#pragma warning restore SYSLIB1054
}
