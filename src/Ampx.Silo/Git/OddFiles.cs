using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Ampx.Silo.Git;

/// <summary>Pipes, sockets and devices among files that somebody else wrote: git keeps none of them, and who opens one may wait for ever.</summary>
internal static partial class OddFiles
{
    private const int Here = -100, Link = 0x100, TypeOnly = 1, ModeAt = 28, StatxBytes = 256;
    private const int FileType = 0xF000, Regular = 0x8000, Folder = 0x4000, Symbolic = 0xA000;
    private const int NonBlocking = 0x800, CloseOnExec = 0x80000;

    /// <summary>What git opens wherever it finds it.</summary>
    private static readonly string[] Opened = [".gitignore", ".gitattributes"];

    public static bool Is(string path)
    {
        if (!OperatingSystem.IsLinux()) return false;
        Span<byte> found = stackalloc byte[StatxBytes];
        return Statx(Here, path, Link, TypeOnly, ref MemoryMarshal.GetReference(found)) == 0
            && (BitConverter.ToUInt16(found[ModeAt..]) & FileType) is not (Regular or Folder or Symbolic);
    }

    /// <summary>Removes them from a tree in which nobody is at work.</summary>
    public static void Remove(string tree) => Remove(new TreeWalk<string>(tree, (ref entry) => entry.ToFullPath(), (ref entry) => !entry.IsDirectory));

    /// <summary>Removes those that git would open.</summary>
    public static void RemoveOpened(string tree) => Remove(new TreeWalk<string>(tree, (ref entry) => entry.ToFullPath(), (ref entry) => IsOpened(entry.FileName)));

    /// <summary>A small file's text, which may be swapped for anything meanwhile: never waits. Null where it can't be read or is longer.</summary>
    public static string? ReadText(string path, int longest)
    {
        if (!OperatingSystem.IsLinux()) return new FileInfo(path) is { Exists: true } file && file.Length <= longest ? File.ReadAllText(path) : null;
        using var handle = new SafeFileHandle(Open(path, NonBlocking | CloseOnExec), ownsHandle: true);
        if (handle.IsInvalid) return null;
        try
        {
            var bytes = new byte[longest + 1];
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return read > longest ? null : Encoding.UTF8.GetString(bytes, 0, read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // a pipe that somebody holds open, a folder
        }
    }

    private static void Remove(TreeWalk<string> walk)
    {
        using (walk)
            foreach (var path in walk.All().Where(Is).ToList()) File.Delete(path);
    }

    private static bool IsOpened(ReadOnlySpan<char> name)
    {
        foreach (var opened in Opened)
            if (name.SequenceEqual(opened)) return true;
        return false;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, ref byte found);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
