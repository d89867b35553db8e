using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Ampx.Cli.Connecting;

/// <summary>Other processes of this machine, asked through the system's own calls.</summary>
internal static class Processes
{
    public const int Terminate = 15;

    public static bool IsAlive(int pid) => pid > 0 && Directory.Exists("/proc") ? Directory.Exists($"/proc/{pid}") : Kill(pid, 0) == 0;

    /// <summary>Sends <paramref name="signal"/>; false if there is no such process or it belongs to somebody else.</summary>
    public static bool Signal(int pid, int signal) => pid > 0 && Kill(pid, signal) == 0;

    /// <summary>Makes this process the leader of a new session, so that the terminal's end and its Ctrl+C don't reach it.</summary>
    public static void LeaveTerminal() => _ = SetSession();

#pragma warning disable SYSLIB1054 // Generated marshalling would need unsafe code in the whole project.
    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int pid, int signal);

    [DllImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static extern int SetSession();
#pragma warning restore SYSLIB1054
}
