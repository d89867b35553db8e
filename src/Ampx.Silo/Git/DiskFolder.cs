namespace Ampx.Silo.Git;

/// <summary>Folders whose content somebody else wrote: links are never followed, read-only folders don't stop a removal.</summary>
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
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            Unlock(new DirectoryInfo(folder));
            Directory.Delete(folder, recursive: true);
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
    public static long Size(string folder) => Directory.Exists(folder) ? Entries(new DirectoryInfo(folder)).OfType<FileInfo>().Sum(Length) : 0;

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

    private static long Length(FileInfo file)
    {
        try
        {
            return file.LinkTarget is null ? file.Length : 0;
        }
        catch (IOException)
        {
            return 0; // removed meanwhile
        }
    }

    private static void Unlock(DirectoryInfo folder)
    {
        if (OperatingSystem.IsWindows()) return;
        folder.UnixFileMode |= UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (var inner in folder.EnumerateDirectories().Where(d => d.LinkTarget is null)) Unlock(inner);
    }
}
