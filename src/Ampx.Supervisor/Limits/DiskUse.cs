using System.IO.Enumeration;
using System.Runtime.InteropServices;

namespace Ampx.Supervisor;

/// <summary>What folders take on the disk: blocks, not lengths, and a file with several names once. Links aren't followed; what is open but has no name isn't seen.</summary>
internal sealed partial class DiskUse(IReadOnlyList<string> folders)
{
    private const int AtWorkingDirectory = -100, NoFollow = 0x100, Basic = 0x7ff;
    private readonly long before = Total(folders);

    /// <summary>Bytes more than at first.</summary>
    public long Added() => Total(folders) - before;

    private static long Total(IReadOnlyList<string> folders)
    {
        var seen = new HashSet<(ulong Device, ulong Inode)>();
        return folders.Where(Directory.Exists).Sum(folder => Blocks(folder).Sum(file => file.Names > 1 && !seen.Add((file.Device, file.Inode)) ? 0 : file.Bytes));
    }

    private static FileSystemEnumerable<Found> Blocks(string folder) =>
        new(folder, (ref entry) => Look(entry.ToFullPath()), new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, IgnoreInaccessible = true, ReturnSpecialDirectories = false })
        {
            ShouldRecursePredicate = (ref entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };

    private static unsafe Found Look(string path)
    {
        Status status = default;
        return statx(AtWorkingDirectory, path, NoFollow, Basic, &status) != 0
            ? default // removed meanwhile
            : new Found(((ulong)status.DeviceMajor << 32) | status.DeviceMinor, status.Inode, status.Names, (long)status.Blocks * 512);
    }

    private readonly record struct Found(ulong Device, ulong Inode, uint Names, long Bytes);

    /// <summary>struct statx of the kernel, which has the same shape on every machine.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Status
    {
        [FieldOffset(16)] public uint Names;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(48)] public ulong Blocks;
        [FieldOffset(136)] public uint DeviceMajor;
        [FieldOffset(140)] public uint DeviceMinor;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int folder, string path, int flags, uint mask, Status* status);
}
