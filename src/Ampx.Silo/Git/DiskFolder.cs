using System.Diagnostics;

namespace Ampx.Silo.Git;

/// <summary>Folders whose content somebody else wrote: links are never followed, and nothing in them stops a removal.</summary>
internal static class DiskFolder
{
    public static void Delete(string folder)
    {
        if (File.Exists(folder) || new FileInfo(folder).LinkTarget is not null)
        {
            File.Delete(folder);
            return;
        }

        if (!Directory.Exists(folder)) return;
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException or ArgumentException)
        {
            // Locked, deeper than a path can say (an ArgumentException), or with names that are no text: none of that stops these two.
            if (!OperatingSystem.IsWindows()) Run("chmod", "-R", "u+rwX", "--", folder);
            if (!OperatingSystem.IsWindows()) Run("rm", "-rf", "--", folder);
            if (Directory.Exists(folder)) throw;
        }
    }

    public static void Empty(string folder)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(folder)) Delete(entry);
    }

    /// <summary>Empties a folder inside a tree; a link on the way is removed, not followed.</summary>
    public static void EmptyInside(string tree, string path)
    {
        var folder = tree;
        foreach (var part in path.Split('/'))
        {
            folder = Path.Combine(folder, part);
            if (new FileInfo(folder).LinkTarget is null) continue;
            File.Delete(folder);
            return;
        }

        if (Directory.Exists(folder)) Empty(folder);
    }

    /// <summary>Removes each link on the way to a path inside a folder.</summary>
    public static void RemoveLinks(string folder, string path)
    {
        foreach (var part in path.Split('/'))
        {
            folder = Path.Combine(folder, part);
            if (new FileInfo(folder).LinkTarget is not null) File.Delete(folder);
        }
    }

    /// <summary>Bytes on disk, roughly: lengths of the files.</summary>
    public static long Size(string folder)
    {
        if (!Directory.Exists(folder)) return 0;
        using var files = new TreeWalk<long>(folder, (ref entry) => entry.Length, (ref entry) => !entry.IsDirectory && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint));
        return files.All().Sum();
    }

    /// <summary>Everything below, links as themselves.</summary>
    public static IEnumerable<FileSystemInfo> Entries(DirectoryInfo folder)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            yield return entry;
            if (entry is DirectoryInfo { LinkTarget: null } inner)
                foreach (var deeper in Entries(inner))
                    yield return deeper;
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
    }
}
