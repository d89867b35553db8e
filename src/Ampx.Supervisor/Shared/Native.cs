using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Ampx.Runs;

/// <summary>The few calls of Linux that .NET has no name for.</summary>
internal static partial class Native
{
    public const int EPERM = 1, ENOENT = 2, EINTR = 4, ECHILD = 10, EACCES = 13, ENOTDIR = 20, ENOEXEC = 8;
    public const int SIGINT = 2, SIGHUP = 1, SIGKILL = 9, SIGTERM = 15, SIGSTOP = 19;
    public const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0x40, O_APPEND = 0x400, O_CLOEXEC = 0x80000;
    public const int LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4;
    public const int OwnerOnly = 0x180; // 0600

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int flock(int fd, int operation);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fsync(int fd);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int rmdir(string path);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial nint read(int fd, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    public static unsafe partial nint write(int fd, byte* buffer, nint count);

    public static string Error(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    public static int Open(string path, int flags, int mode = OwnerOnly)
    {
        int fd;
        do fd = open(path, flags | O_CLOEXEC, mode);
        while (fd < 0 && Marshal.GetLastPInvokeError() == EINTR);
        return fd >= 0 ? fd : throw new Win32Exception(Marshal.GetLastPInvokeError(), $"{path}: {Error(Marshal.GetLastPInvokeError())}");
    }
}
