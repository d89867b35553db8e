namespace Ampx.FakeGitHub;

/// <summary>Folders that git and test runs leave behind: read-only files and late writers included.</summary>
internal static class Folders
{
    /// <summary>Removes the folder; what a dying process still writes is left to the temporary folder's own cleaning.</summary>
    public static void Delete(string folder)
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            try
            {
                if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Thread.Yield();
            }
        }
    }

    /// <summary>Copies files and folders, without any <c>.git</c>.</summary>
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
        foreach (var folder in Directory.EnumerateDirectories(from).Where(f => Path.GetFileName(f) != ".git"))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)));
    }
}
