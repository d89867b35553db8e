using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Ampx.Core;
using Ampx.Silo.Hosting;

namespace Ampx.Silo.Admin;

/// <summary>A backup can't be restored: one line that says why, and what to do.</summary>
public sealed class RestoreException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Puts a backup into a data folder on which no service runs.</summary>
public static class BackupRestore
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly string[] Databases = ["ampx.db", "logs.db"];
    private static readonly string[] Endings = ["", "-wal", "-shm", "-journal"];

    /// <summary>Unpacks and checks everything before anything in <paramref name="data"/> is touched.</summary>
    /// <param name="replace">A database there is put aside into <c>before-restore</c>; else it is refused.</param>
    /// <exception cref="RestoreException">The file is no whole backup, or the folder holds a database.</exception>
    /// <exception cref="StartException">The folder can't be used, or a service has it.</exception>
    public static BackupManifest Restore(string file, string data, bool replace)
    {
        if (!File.Exists(file)) throw new RestoreException($"there is no file {file}");
        data = Path.GetFullPath(data);
        var fresh = !Directory.Exists(data) || !Directory.EnumerateFileSystemEntries(data).Any();
        using var folder = DataFolder.Open(data);
        if (!replace && File.Exists(folder.In("ampx.db")))
            throw new RestoreException($"{data} holds a database already: restore into a new folder with --data DIR, or put that one aside with --force");
        var temporary = folder.In("tmp", $"restore-{Guid.NewGuid():N}");
        Directory.CreateDirectory(temporary, Private);
        try
        {
            var manifest = Unpack(file, temporary);
            PutAside(folder);
            foreach (var name in BackupManifest.Known) File.Move(Path.Combine(temporary, name), folder.In(name), overwrite: true);
            return manifest;
        }
        catch (RestoreException) when (fresh)
        {
            // So that the folder is as empty as it was for the next try.
            File.Delete(folder.In("worker-id"));
            throw;
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    private static BackupManifest Unpack(string file, string to)
    {
        try
        {
            using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
            using var archive = new TarReader(packed);
            var manifest = archive.GetNextEntry() is { Name: BackupManifest.Name, DataStream: { } text } ? JsonSerializer.Deserialize<BackupManifest>(text, AmpxJson.Options)! : throw NoBackup(file);
            if (manifest.Format > BackupManifest.Newest) throw new RestoreException($"{file} was written by a newer Ampx ({manifest.Version}): restore it with that version");
            while (archive.GetNextEntry() is { } entry)
            {
                if (!BackupManifest.Known.Contains(entry.Name) || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)) throw NoBackup(file);
                var path = Path.Combine(to, entry.Name);
                entry.ExtractToFile(path, overwrite: false);
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            foreach (var name in BackupManifest.Known)
            {
                var path = Path.Combine(to, name);
                if (!File.Exists(path) || !manifest.Files.TryGetValue(name, out var hash) || BackupManifest.HashOf(path) != hash) throw NoBackup(file);
            }

            return manifest;
        }
        catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or JsonException or IOException { HResult: not 28 })
        {
            throw NoBackup(file, broken);
        }
    }

    /// <summary>With their journals, which hold what isn't in the files yet, and which must not be taken for the new ones'.</summary>
    private static void PutAside(DataFolder folder)
    {
        var old = Databases.SelectMany(name => Endings.Select(ending => name + ending)).Where(name => File.Exists(folder.In(name))).ToList();
        if (old.Count == 0) return;
        var aside = folder.In("before-restore");
        for (var number = 2; Directory.Exists(aside); number++) aside = folder.In($"before-restore-{number}");
        Directory.CreateDirectory(aside, Private);
        foreach (var name in old) File.Move(folder.In(name), Path.Combine(aside, name));
    }

    private static RestoreException NoBackup(string file, Exception? cause = null) => new($"{file} is no whole backup of Ampx: take another one", cause);
}
