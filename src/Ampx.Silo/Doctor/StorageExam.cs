using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Runs;
using Ampx.Silo.Storage.Sqlite;
using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Doctor;

/// <summary>The data folder: it takes files and runs programs, its databases are whole, it has room, and nobody else reads it.</summary>
/// <param name="hasDatabases">False where they are a server's.</param>
internal sealed class StorageExam(string folder, bool hasDatabases = true) : IExam
{
    private const long GiB = 1L << 30;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>How long a database is looked through: a large one takes minutes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public string Name => "data-folder";

    public async IAsyncEnumerable<DoctorCheck> Look(RepoRef? repo, [EnumeratorCancellation] CancellationToken cancel)
    {
        yield return await Takes(cancel);
        yield return Room(new DriveInfo(folder).AvailableFreeSpace);
        yield return Closed();
        if (!hasDatabases) yield break;
        yield return Whole(SqliteStorage.MainFile(folder), cancel);
        yield return Whole(SqliteStorage.LogFile(folder), cancel);
    }

    /// <summary>What so many free bytes mean.</summary>
    internal static DoctorCheck Room(long free)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{(double)free / GiB:0.0} GiB free");
        const string Fix = "Free some space, or move the data folder to a larger disk (Ampx:DataDirectory); Ampx:Workspaces:MaxDisk says what kept trees may take.";
        return free switch
        {
            < GiB => DoctorCheck.Bad("disk", $"only {text}: checkouts and builds need more", Fix),
            < 5 * GiB => DoctorCheck.Warning("disk", $"{text}, which large checkouts and builds soon use up", Fix),
            _ => DoctorCheck.Fine("disk", text),
        };
    }

    private async Task<DoctorCheck> Takes(CancellationToken cancel)
    {
        var probe = Path.Combine(folder, $".doctor-{Guid.NewGuid():N}");
        try
        {
            await File.WriteAllTextAsync(probe, "#!/bin/sh\nexit 0\n", cancel);
            File.SetUnixFileMode(probe, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var run = Process.Start(new ProcessStartInfo(probe) { WorkingDirectory = "/" })!;
            await run.WaitForExitAsync(cancel);
            return DoctorCheck.Fine(Name, $"{folder}, can be written");
        }
        catch (Win32Exception no) when (no.NativeErrorCode == Native.EACCES)
        {
            return DoctorCheck.Bad(Name, $"programs can't be run in {folder}, and agents run under one there: its disk is mounted 'noexec'", "Mount it without 'noexec', or give another folder with --data or Ampx:DataDirectory.");
        }
        catch (Win32Exception)
        {
            // Another process that was just being started still held it open for writing: running wasn't forbidden.
            return DoctorCheck.Fine(Name, $"{folder}, can be written");
        }
        catch (Exception no) when (no is IOException or UnauthorizedAccessException)
        {
            return DoctorCheck.Bad(Name, $"{folder} can't be written: {no.Message}", $"Give it back to the service's user ({Environment.UserName}), or mend its disk: tasks can't go on without it.");
        }
        finally
        {
            Remove(probe);
        }
    }

    private static void Remove(string probe)
    {
        try
        {
            File.Delete(probe);
        }
        catch (Exception stays) when (stays is IOException or UnauthorizedAccessException)
        {
            // The line above says already that the folder takes no changes.
        }
    }

    private DoctorCheck Closed()
    {
        string[] secret = [folder, .. Directory.EnumerateFiles(folder, "token"), .. Directory.EnumerateFiles(folder, "*.db*")];
        var open = secret.Where(path => (File.GetUnixFileMode(path) & Others) != 0).Select(path => $"{path} is {Convert.ToString((int)File.GetUnixFileMode(path), 8)}").ToList();
        return open.Count == 0
            ? DoctorCheck.Fine("file-modes", "folder 0700, token and databases 0600")
            : DoctorCheck.Bad("file-modes", $"other users of this machine get at them: {string.Join(", ", open)}", $"chmod 700 {folder} && chmod 600 {folder}/token {folder}/*.db*");
    }

    private static DoctorCheck Whole(string file, CancellationToken cancel)
    {
        var name = $"database:{Path.GetFileName(file)}";
        var restore = $"Stop the service, keep a copy, and put a backup of {Path.GetDirectoryName(file)} back; 'sqlite3 {Path.GetFileName(file)} .recover' saves what can be read.";
        try
        {
            if (!File.Exists(file)) return DoctorCheck.Bad(name, $"{file} is gone", restore);
            var size = string.Create(CultureInfo.InvariantCulture, $"{new FileInfo(file).Length / (double)(1 << 20):0.0} MiB");
            return QuickCheck(file, cancel) switch
            {
                "ok" => DoctorCheck.Fine(name, $"whole, {size}"),
                null => DoctorCheck.Fine(name, $"no damage found in {Patience.TotalSeconds:0} s, {size}; the rest was not looked through"),
                var damage => DoctorCheck.Bad(name, $"damaged: {damage}", restore),
            };
        }
        catch (Exception unreadable) when (unreadable is SqliteException or IOException or UnauthorizedAccessException)
        {
            return DoctorCheck.Bad(name, $"can't be read: {unreadable.Message}", restore);
        }
    }

    /// <returns><c>ok</c>, or the first damage; null if it took too long.</returns>
    private static string? QuickCheck(string file, CancellationToken cancel)
    {
        using var connection = new SqliteConnection(SqliteFile.ConnectionString(file, SqliteOpenMode.ReadOnly));
        connection.Open();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        using var stop = limit.Token.Register(() => SQLitePCL.raw.sqlite3_interrupt(connection.Handle));
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1);";
        try
        {
            return (string?)command.ExecuteScalar();
        }
        catch (SqliteException interrupted) when (interrupted.SqliteErrorCode == SQLitePCL.raw.SQLITE_INTERRUPT)
        {
            return null;
        }
    }
}
