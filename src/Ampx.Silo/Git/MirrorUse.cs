namespace Ampx.Silo.Git;

/// <summary>When a mirror was last used, as the time of a file in it.</summary>
internal static class MirrorUse
{
    private const string File = "used";

    /// <summary>False if there is no such mirror.</summary>
    public static bool Note(string mirror, DateTimeOffset now)
    {
        var file = Path.Combine(mirror, File);
        try
        {
            if (!System.IO.File.Exists(file)) System.IO.File.WriteAllBytes(file, []);
            System.IO.File.SetLastWriteTimeUtc(file, now.UtcDateTime);
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
        catch (IOException) when (Directory.Exists(mirror))
        {
            return true; // a full disk: it looks older than it is
        }
    }

    public static DateTimeOffset Last(string mirror)
    {
        var file = new FileInfo(Path.Combine(mirror, File));
        return file.Exists ? file.LastWriteTimeUtc : Directory.GetLastWriteTimeUtc(mirror);
    }
}
