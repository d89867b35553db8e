using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Ampx.Core;
using Ampx.Silo.Hosting;

namespace Ampx.Silo.Admin;

/// <summary>A backup can't be restored: one line that says why, and what to do.</summary>
public sealed class RestoreException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// Puts a backup into a data folder on which no service runs. Everything is unpacked and checked aside first; one rename then makes the folder the
/// restored one, and what is left to do is only moving files (<see cref="RestoreSteps"/>).
/// </summary>
public static class BackupRestore
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Restores <paramref name="file"/>; killed at any moment it leaves the folder as it was, or as it is to be.</summary>
    /// <param name="replace">A database there is put aside into <c>before-restore</c>; else it is refused.</param>
    /// <exception cref="RestoreException">The file is no whole backup, or the folder holds a database.</exception>
    /// <exception cref="StartException">The folder can't be used, or a service has it.</exception>
    public static async Task<BackupManifest> Restore(string file, string data, bool replace, CancellationToken cancel)
    {
        if (!File.Exists(file)) throw new RestoreException($"there is no file {file}");
        data = Path.GetFullPath(data);
        // Broken off by now, and so allowed then.
        replace |= RestoreSteps.IsUnderWay(data);
        var fresh = !Directory.Exists(data) || !Directory.EnumerateFileSystemEntries(data).Any();
        using var folder = DataFolder.Open(data);
        var temporary = folder.In("tmp", $"restore-{Guid.NewGuid():N}");
        try
        {
            if (!replace && File.Exists(folder.In("ampx.db")))
                throw new RestoreException($"{data} holds a database already: restore into a new folder with --data DIR, or put that one aside with --force");
            Directory.CreateDirectory(temporary, Private);
            var manifest = await Unpack(file, temporary, cancel);
            Directory.Move(temporary, RestoreSteps.In(data));
            RestoreSteps.Finish(data);
            return manifest;
        }
        catch when (fresh)
        {
            // So that the folder is as empty as it was for the next try.
            if (!RestoreSteps.IsUnderWay(data)) File.Delete(folder.In("worker-id"));
            throw;
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }

    private static async Task<BackupManifest> Unpack(string file, string to, CancellationToken cancel)
    {
        try
        {
            await using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
            await using var archive = new TarReader(packed);
            var manifest = await archive.GetNextEntryAsync(cancellationToken: cancel) is { Name: BackupManifest.Name, DataStream: { } text }
                ? await JsonSerializer.DeserializeAsync<BackupManifest>(text, AmpxJson.Options, cancel) : null;
            if (manifest is not { Files: not null }) throw NoBackup(file);
            if (manifest.Format > BackupManifest.Newest) throw new RestoreException($"{file} was written by a newer Ampx ({manifest.Version}): restore it with that version");
            while (await archive.GetNextEntryAsync(cancellationToken: cancel) is { } entry)
            {
                if (!BackupManifest.Known.Contains(entry.Name) || entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)) throw NoBackup(file);
                await Extract(entry, Path.Combine(to, entry.Name), cancel);
            }

            foreach (var name in BackupManifest.Known)
            {
                var path = Path.Combine(to, name);
                if (!File.Exists(path) || !manifest.Files.TryGetValue(name, out var hash) || await BackupManifest.HashOf(path, cancel) != hash) throw NoBackup(file);
            }

            return manifest;
        }
        catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or JsonException)
        {
            throw NoBackup(file, broken);
        }
    }

    private static async Task Extract(TarEntry entry, string path, CancellationToken cancel)
    {
        await using var to = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        if (entry.DataStream is { } content) await content.CopyToAsync(to, cancel);
        to.Flush(flushToDisk: true);
    }

    private static RestoreException NoBackup(string file, Exception? cause = null) => new($"{file} is no whole backup of Ampx: take another one", cause);
}
