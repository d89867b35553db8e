using System.Runtime.InteropServices;

namespace Ampx.Cli.Output;

/// <summary>Where a file is to be written.</summary>
internal static class Place
{
    private const int AtCwd = -100, TypeOnly = 1, ModeAt = 28, TypeMask = 0xF000, Regular = 0x8000; // linux/stat.h: the same on all processors

    /// <summary>The file itself, or what the link leads to, as cp does it.</summary>
    /// <exception cref="CliError">Something is there that isn't a file: replaced, a device would be gone for all.</exception>
    public static string Of(string path)
    {
        var place = new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
        if (Directory.Exists(place)) throw CliError.Failed($"{path} is a folder.", "Name a file in it.");
        if (!Path.Exists(place))
            return place == path ? path : throw CliError.Failed($"{path} is a link to {place}, which isn't there.", "Name the file itself.");
        return IsRegular(place) ? place : throw CliError.Failed($"{path} is no regular file but a device, pipe or socket.", "Name another file.");
    }

    private static bool IsRegular(string path)
    {
        if (!OperatingSystem.IsLinux()) return true;
        var about = new byte[256];
        if (Stat(AtCwd, path, 0, TypeOnly, about) != 0) throw new IOException(Marshal.GetLastPInvokeErrorMessage());
        return (BitConverter.ToUInt16(about, ModeAt) & TypeMask) == Regular;
    }

#pragma warning disable SYSLIB1054 // Generated marshalling would need unsafe code in the whole project.
    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern int Stat(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] about);
#pragma warning restore SYSLIB1054
}
