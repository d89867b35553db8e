using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>What the supervisor does to itself, before anything else.</summary>
internal static partial class Self
{
    private const int SetChildSubreaper = 36, GetDescriptorFlags = 1, CloseOnExec = 1;

    /// <summary>Own session, no terminal, nothing inherited kept open, and every orphan of the family becomes our child.</summary>
    public static void Detach()
    {
        // Fails only for a group leader, which is what one gets who starts it from a shell's prompt.
        _ = setsid();
        var nothing = Native.Open("/dev/null", Native.O_RDWR);
        for (var fd = 0; fd <= 2; fd++)
            _ = dup2(nothing, fd);
        _ = Native.close(nothing);
        CloseInherited();
        Directory.SetCurrentDirectory("/");
        // A terminal's hang-up is not meant for us; SIGTERM is, and ends the run in order.
        _ = signal(Native.SIGHUP, 1);
        _ = signal(Native.SIGINT, 1);
        if (prctl(SetChildSubreaper, 1, 0, 0, 0) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "prctl(PR_SET_CHILD_SUBREAPER)");
    }

    /// <summary>What <paramref name="start"/> starts, and all that starts in turn, is to go before the service and this process where memory runs out.</summary>
    public static T Offering<T>(Func<T> start)
    {
        const string File = "/proc/self/oom_score_adj";
        const int Likely = 500;
        var own = int.Parse(System.IO.File.ReadAllText(File), CultureInfo.InvariantCulture);
        if (own >= Likely) return start();
        System.IO.File.WriteAllText(File, $"{Likely}");
        try
        {
            return start();
        }
        finally
        {
            // Anybody may go back to where an administrator has put him.
            System.IO.File.WriteAllText(File, $"{own}");
        }
    }

    /// <summary>
    /// The calling thread goes before all ordinary ones from here on. Root may; anybody else's agents are kept by the kernel (RLIMIT_NPROC), which doesn't hold for root's.
    /// </summary>
    public static void Hurry()
    {
        const int RoundRobin = 2, ResetOnFork = 0x40000000;
        var lowest = 1;
        _ = sched_setscheduler(0, RoundRobin | ResetOnFork, in lowest);
    }

    /// <summary>What is started from here on runs on so many processors, whole ones, chosen by chance: other runs shall have others.</summary>
    public static void KeepTo(double? processors)
    {
        if (processors is not { } number) return;
        using var me = Process.GetCurrentProcess();
        var allowed = (ulong)me.ProcessorAffinity;
        int[] mine = [.. Enumerable.Range(0, 64).Where(bit => (allowed >> bit & 1) == 1)];
        Random.Shared.Shuffle(mine);
        me.ProcessorAffinity = (nint)mine.Take((int)Math.Max(1, Math.Ceiling(number))).Aggregate(0UL, (mask, bit) => mask | 1UL << bit);
    }

    /// <summary>A pipe of the starter's, kept open here for hours, would keep its reader waiting. Our runtime's own descriptors are close-on-exec; inherited ones can't be.</summary>
    private static void CloseInherited()
    {
        foreach (var entry in Directory.GetFiles("/proc/self/fd"))
        {
            var fd = int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture);
            if (fd > 2 && fcntl(fd, GetDescriptorFlags, 0) is >= 0 and var flags && (flags & CloseOnExec) == 0)
                _ = Native.close(fd);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup2(int from, int to);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sched_setscheduler(int thread, int policy, in int priority);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint signal(int number, nint handler);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);
}
