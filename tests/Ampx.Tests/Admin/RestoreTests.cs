using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Ampx.Silo.Admin;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Ampx.Tests.Admin;

/// <summary>A restore that is refused or killed leaves the folder as it was or as it is to be.</summary>
public sealed class RestoreTests : IDisposable
{
    private static readonly string[] Old = ["ampx.db", "ampx.db-wal", "ampx.db-shm", "logs.db", "logs.db-wal", "token", "worker-id"];

    private readonly string root = Directory.CreateTempSubdirectory("ampx-restore-").FullName;

    private string Data => Path.Combine(root, "data");

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void Killed_between_any_two_steps_whoever_opens_the_folder_next_finds_the_restored_one_and_nothing_of_the_old()
    {
        var steps = 0;
        for (var killedAfter = 0; ; killedAfter++)
        {
            MakeOld();
            foreach (var name in BackupManifest.Known.Append(BackupManifest.Name)) Write(Path.Combine("restored", name), $"new {name}");
            steps = 0;
            foreach (var step in RestoreSteps.Of(Data))
            {
                if (steps == killedAfter) break;
                step();
                steps++;
            }

            using (DataFolder.Open(Data)) AssertRestored();
            Assert.Equal(Old.Order(), Names(Path.Combine(Data, "before-restore")));
            Assert.All(Old, name => Assert.Equal($"old {name}", Read("before-restore", name)));
            Directory.Delete(Data, recursive: true);
            if (steps < killedAfter) break;
        }

        // Aside and in place for each, a folder for the old ones, its last place, and the end.
        Assert.Equal(Old.Length + BackupManifest.Known.Count + 3, steps);
    }

    [Fact]
    public async Task Killed_before_everything_was_checked_the_folder_is_the_old_one()
    {
        MakeOld();
        var half = Path.Combine("tmp", "restore-1");
        Write(Path.Combine(half, "ampx.db"), "half");
        using (DataFolder.Open(Data)) Assert.All(Old, name => Assert.Equal($"old {name}", Read(name)));
        await BackupRestore.Restore(await Backup(), Data, replace: true, CancellationToken.None);
        Assert.Equal("new", Read("token"));
    }

    [Fact]
    public async Task A_restore_that_was_killed_is_given_again_without_force_and_is_whole_then()
    {
        var file = await Backup();
        Write("lock", "");
        foreach (var name in BackupManifest.Known) Write(Path.Combine("restored", name), $"half {name}");
        RestoreSteps.Of(Data).First()();
        await BackupRestore.Restore(file, Data, replace: false, CancellationToken.None);
        Assert.Equal("new", Read("token"));
        Assert.False(Directory.Exists(RestoreSteps.In(Data)));
        using var database = SqliteStorage.Open(Data);
        Assert.Empty(await new TaskIndex(database.Readers, new(NullLogger<StoredStates>.Instance)).Resolve("0000", CancellationToken.None));
    }

    [Fact]
    public async Task A_database_that_is_there_is_refused_or_put_aside_as_often_as_it_is_asked()
    {
        var file = await Backup();
        MakeOld();
        var refused = await Assert.ThrowsAsync<RestoreException>(() => BackupRestore.Restore(file, Data, replace: false, CancellationToken.None));
        Assert.Contains("--force", refused.Message, StringComparison.Ordinal);
        Assert.All(Old, name => Assert.Equal($"old {name}", Read(name)));
        for (var time = 0; time < 2; time++) await BackupRestore.Restore(file, Data, replace: true, CancellationToken.None);
        Assert.Equal(("old token", "new"), (Read("before-restore", "token"), Read("before-restore-2", "token")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(Data, "tmp")));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("no archive")]
    [InlineData("cut")]
    [InlineData("changed")]
    [InlineData("newer")]
    [InlineData("missing")]
    [InlineData("stranger")]
    [InlineData("null")]
    [InlineData("link")]
    public async Task What_is_no_whole_backup_is_refused_and_leaves_the_folder_as_it_was(string fault)
    {
        var whole = await Backup();
        var file = Path.Combine(root, $"{fault}.tar.gz");
        var entries = Entries(whole);
        switch (fault)
        {
            case "nothing": File.WriteAllBytes(file, []); break;
            case "no archive": File.WriteAllText(file, fault); break;
            case "cut": File.WriteAllBytes(file, File.ReadAllBytes(whole)[..^2000]); break;
            case "changed": Pack(file, entries.Select(entry => entry.Name == "ampx.db" ? entry with { Bytes = [.. entry.Bytes[..^1], 77] } : entry)); break;
            case "newer": Pack(file, entries.Select(entry => entry.Name == BackupManifest.Name ? entry with { Bytes = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(entry.Bytes).Replace("\"format\":1", "\"format\":2", StringComparison.Ordinal)) } : entry)); break;
            case "missing": Pack(file, entries.Where(entry => entry.Name != "token")); break;
            case "stranger": Pack(file, entries.Append(new("../../evil", [1]))); break;
            case "null": Pack(file, [new(BackupManifest.Name, Encoding.UTF8.GetBytes("null")), .. entries[1..]]); break;
            case "link": Pack(file, entries, link: "token"); break;
        }

        MakeOld();
        var refused = await Assert.ThrowsAsync<RestoreException>(() => BackupRestore.Restore(file, Data, replace: true, CancellationToken.None));
        Assert.Contains(fault == "newer" ? "newer Ampx" : "no whole backup", refused.Message, StringComparison.Ordinal);
        Assert.Equal(Old.Append("lock").Append("tmp").Order(), Names(Data));
        Assert.All(Old, name => Assert.Equal($"old {name}", Read(name)));
        Assert.False(File.Exists(Path.Combine(root, "evil")));
    }

    [Fact]
    public async Task A_folder_that_a_service_has_is_refused()
    {
        var file = await Backup();
        using (DataFolder.Open(Data)) await Assert.ThrowsAsync<StartException>(() => BackupRestore.Restore(file, Data, replace: true, CancellationToken.None));
    }

    private void AssertRestored()
    {
        Assert.All(BackupManifest.Known, name => Assert.Equal($"new {name}", Read(name)));
        Assert.Equal(BackupManifest.Known.Append("lock").Append("before-restore").Order(), Names(Data));
    }

    private void MakeOld()
    {
        foreach (var name in Old) Write(name, $"old {name}");
    }

    /// <summary>Of a service that has done nothing yet.</summary>
    private async Task<string> Backup()
    {
        var home = Path.Combine(root, "service");
        using var folder = DataFolder.Open(home);
        Migrations.Sqlite(home);
        File.WriteAllText(folder.TokenFile, "new");
        using var database = SqliteStorage.Open(home);
        using var copy = await new ServiceBackup(folder, database, TimeProvider.System).Take(CancellationToken.None);
        var file = Path.Combine(root, "kept.tar.gz");
        await using var to = File.Create(file);
        await copy.Write(to, CancellationToken.None);
        return file;
    }

    private static List<Entry> Entries(string file)
    {
        var entries = new List<Entry>();
        using var packed = new GZipStream(File.OpenRead(file), CompressionMode.Decompress);
        using var archive = new TarReader(packed);
        while (archive.GetNextEntry(copyData: true) is { } entry)
        {
            using var bytes = new MemoryStream();
            entry.DataStream?.CopyTo(bytes);
            entries.Add(new(entry.Name, bytes.ToArray()));
        }

        return entries;
    }

    private static void Pack(string file, IEnumerable<Entry> entries, string? link = null)
    {
        using var packed = new GZipStream(File.Create(file), CompressionLevel.Fastest);
        using var archive = new TarWriter(packed);
        foreach (var (name, bytes) in entries)
            archive.WriteEntry(name == link ? new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = "/etc/passwd" } : new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(Data, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private string Read(params string[] parts) => File.ReadAllText(Path.Combine([Data, .. parts]));

    private static IEnumerable<string> Names(string folder) => Directory.GetFileSystemEntries(folder).Select(path => Path.GetFileName(path)!).Order();

    private sealed record Entry(string Name, byte[] Bytes);
}
