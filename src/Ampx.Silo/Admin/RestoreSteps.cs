namespace Ampx.Silo.Admin;

/// <summary>
/// From a checked backup in the data folder's <c>restored</c> to the data folder itself. What isn't done yet is read off the folders, so that whoever
/// opens the data folder next, a restore or a service, goes on where this one was killed.
/// </summary>
internal static class RestoreSteps
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>A database's journals hold what isn't in the file yet; beside another file they would be taken for that one's.</summary>
    private static readonly string[] Journals = ["-wal", "-shm", "-journal"];

    /// <summary>Where a backup lies from the moment on that the data folder is to become it.</summary>
    public static string In(string data) => Path.Combine(data, "restored");

    public static bool IsUnderWay(string data) => Directory.Exists(In(data));

    /// <summary>Does what is left to do; nothing if no restore is under way. Only for whoever has the data folder to himself.</summary>
    public static void Finish(string data)
    {
        foreach (var step in Of(data)) step();
    }

    /// <summary>The steps, each of them whole or not done at all.</summary>
    internal static IEnumerable<Action> Of(string data)
    {
        var restored = In(data);
        if (!Directory.Exists(restored)) yield break;
        var before = Path.Combine(restored, "before");
        yield return () => Directory.CreateDirectory(before, Private);
        foreach (var name in BackupManifest.Known)
        {
            // Moved already: what is in its place is the restored one.
            if (!File.Exists(Path.Combine(restored, name))) continue;
            foreach (var old in Journals.Prepend("").Select(ending => name + ending).Where(old => File.Exists(Path.Combine(data, old))))
                yield return () => File.Move(Path.Combine(data, old), Path.Combine(before, old), overwrite: true);
            yield return () => File.Move(Path.Combine(restored, name), Path.Combine(data, name));
        }

        // What was only made for this restore isn't worth keeping.
        if (Directory.EnumerateFiles(before).Any(old => Path.GetFileName(old) != "worker-id")) yield return () => Directory.Move(before, Free(Path.Combine(data, "before-restore")));
        yield return () => Directory.Delete(restored, recursive: true);
    }

    private static string Free(string folder)
    {
        var free = folder;
        for (var number = 2; Directory.Exists(free); number++) free = $"{folder}-{number}";
        return free;
    }
}
