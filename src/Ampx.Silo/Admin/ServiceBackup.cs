using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Admin;

/// <summary>Backups of a data folder with SQLite files, while the service writes them.</summary>
internal sealed class ServiceBackup(DataFolder folder, Database database, TimeProvider clock) : IServiceBackup
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly string[] Small = ["token", "worker-id"];

    public string? WhyNot => database.IsShared ? NoBackup.Words : NoRoom();

    /// <summary>Bytes on the data folder's disk.</summary>
    internal Func<long> Free { get; init; } = () => new DriveInfo(folder.Path).AvailableFreeSpace;

    public Task<IBackupCopy> Take(CancellationToken cancel) => Task.Run<IBackupCopy>(async () =>
    {
        var temporary = folder.In("tmp", $"backup-{Guid.NewGuid():N}");
        Directory.CreateDirectory(temporary, Private);
        try
        {
            // The logs after the states: what a state says has been written by then, and lines of the time between are only news.
            Copy(SqliteStorage.MainFile(folder.Path), Path.Combine(temporary, "ampx.db"));
            cancel.ThrowIfCancellationRequested();
            Copy(SqliteStorage.LogFile(folder.Path), Path.Combine(temporary, "logs.db"));
            foreach (var name in Small) File.Copy(folder.In(name), Path.Combine(temporary, name));
            var version = typeof(ServiceBackup).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
            var files = new Dictionary<string, string>();
            foreach (var name in BackupManifest.Known) files[name] = await BackupManifest.HashOf(Path.Combine(temporary, name), cancel);
            var manifest = new BackupManifest(BackupManifest.Newest, version, clock.GetUtcNow(), files);
            File.WriteAllBytes(Path.Combine(temporary, BackupManifest.Name), JsonSerializer.SerializeToUtf8Bytes(manifest, AmpxJson.Options));
            return new BackupCopy(temporary);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }, cancel);

    /// <summary>The copies lie beside the originals while they are written: a disk that they fill is full for the service too.</summary>
    private string? NoRoom()
    {
        var needed = Directory.EnumerateFiles(folder.Path, "*.db*").Sum(file => new FileInfo(file) is { Exists: true } there ? there.Length : 0);
        var free = Free();
        return needed <= free ? null : $"a backup takes up to {MiB(needed)} MiB for a while in {folder.Path}, and {MiB(free)} MiB are free there: free some space and try again";
    }

    private static string MiB(long bytes) => (bytes / 1048576.0).ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>A whole copy of one moment; the service's writer goes on meanwhile.</summary>
    private static void Copy(string from, string to)
    {
        using var connection = new SqliteConnection(SqliteFile.ConnectionString(from, SqliteOpenMode.ReadOnly));
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "VACUUM INTO @to";
        command.CommandTimeout = 0;
        command.Parameters.AddWithValue("@to", to);
        command.ExecuteNonQuery();
    }

    private sealed class BackupCopy(string temporary) : IBackupCopy
    {
        public async Task Write(Stream to, CancellationToken cancel)
        {
            await using var packed = new GZipStream(to, CompressionLevel.Fastest, leaveOpen: true);
            await using var archive = new TarWriter(packed, TarEntryFormat.Pax, leaveOpen: true);
            foreach (var name in BackupManifest.Known.Prepend(BackupManifest.Name)) await archive.WriteEntryAsync(Path.Combine(temporary, name), name, cancel);
        }

        public void Dispose() => Directory.Delete(temporary, recursive: true);
    }
}
