using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Postgres;
using Ampx.Silo.Storage.Sqlite;
using Dapper;
using Xunit;

namespace Ampx.Tests.Storage;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class MigrationTests
{
    [Fact]
    public void Applied_twice_they_change_nothing_and_files_are_for_their_owner_only()
    {
        using var files = new StorageFolder();
        Migrations.Sqlite(files.Folder);
        foreach (var file in Directory.GetFiles(files.Folder))
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Contains("ampx.db", Directory.GetFiles(files.Folder).Select(Path.GetFileName));
    }

    [Fact]
    public void A_new_database_tells_of_each_script_and_one_that_has_all_of_none()
    {
        var folder = Directory.CreateTempSubdirectory("ampx-storage-").FullName;
        List<(int Done, int Total)> told = [];
        Migrations.Sqlite(folder, (done, total) => told.Add((done, total)));
        var (main, logs) = (told[0].Total, told[^1].Total);
        Assert.InRange(main, 2, 100);
        Assert.Equal([.. Enumerable.Range(0, main + 1).Select(done => (done, main)), .. Enumerable.Range(0, logs + 1).Select(done => (done, logs))], told);
        told.Clear();
        Migrations.Sqlite(folder, (done, total) => told.Add((done, total)));
        Assert.Empty(told);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_folder_that_cannot_be_is_told_in_one_line()
    {
        var problem = Assert.Throws<StorageException>(() => Migrations.Sqlite("/dev/null/ampx"));
        Assert.StartsWith("Ampx can't use its database /dev/null/ampx/ampx.db: ", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem.Message);
    }

    [Fact]
    public void A_file_that_is_no_database_is_told_and_left_alone()
    {
        var folder = Directory.CreateTempSubdirectory("ampx-storage-").FullName;
        var file = SqliteStorage.MainFile(folder);
        File.WriteAllText(file, new string('x', 5000));
        Assert.Contains("no database", Assert.Throws<StorageException>(() => Migrations.Sqlite(folder)).Message, StringComparison.Ordinal);
        Assert.Equal(5000, new FileInfo(file).Length);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_newer_version_s_database_is_not_touched()
    {
        using var files = new StorageFolder();
        await using (var connection = await files.Database.Writer.OpenConnectionAsync())
            await connection.ExecuteAsync("INSERT INTO SchemaVersions (ScriptName, Applied) VALUES ('999_future.sql', '2030-01-01')");
        Assert.Contains("newer Ampx", Assert.Throws<StorageException>(() => Migrations.Sqlite(files.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_postgresql_they_are_applied_once_whoever_starts_first()
    {
        using var database = new PostgresDatabase();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Migrations.Postgres(database.ConnectionString))));
        using var storage = PostgresStorage.Open(database.ConnectionString);
        await using var connection = await storage.Readers.OpenConnectionAsync();
        Assert.Equal(typeof(Migrations).Assembly.GetManifestResourceNames().Count(name => name.Contains(".Postgres.Schema.", StringComparison.Ordinal)), await connection.ExecuteScalarAsync<int>("SELECT count(*) FROM schemaversions"));
        await connection.ExecuteAsync("INSERT INTO schemaversions (scriptname, applied) VALUES ('999_future.sql', now())");
        Assert.Contains("newer Ampx", Assert.Throws<StorageException>(() => Migrations.Postgres(database.ConnectionString)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=u;Password=hush;Database=d;Timeout=2", "can't be reached")]
    [InlineData("Host=127.0.0.1;Prt=1;Password=hush", "no good")]
    [InlineData("nonsense", "no good")]
    public void A_postgresql_that_cannot_be_used_is_told_in_one_line_without_the_password(string connection, string words)
    {
        var told = Assert.Throws<StorageException>(() => Migrations.Postgres(connection)).Message;
        Assert.Contains(words, told, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", told, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', told);
    }

    [Fact]
    public void A_postgresql_database_that_is_not_there_is_told_with_what_to_do()
    {
        using var database = new PostgresDatabase();
        var missing = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "nowhere" }.ConnectionString;
        Assert.Contains("make it with createdb", Assert.Throws<StorageException>(() => Migrations.Postgres(missing)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_is_on_the_disk_and_readers_do_not_wait_for_the_writer()
    {
        using var files = new StorageFolder();
        await using var writer = await files.Database.Writer.OpenConnectionAsync();
        Assert.Equal((2, "wal"), (await writer.ExecuteScalarAsync<int>("PRAGMA synchronous"), await writer.ExecuteScalarAsync<string>("PRAGMA journal_mode")));
        await using var transaction = await writer.BeginTransactionAsync();
        await writer.ExecuteAsync("INSERT INTO task_timeline VALUES ('x', 1, '', '', '', 0, '', '', NULL)");

        Assert.Equal(0, await files.Scalar<int>("SELECT count(*) FROM task_timeline"));
        var second = files.Database.Writer.OpenConnectionAsync().AsTask();
        Assert.False(second.IsCompleted);
        await writer.DisposeAsync();
        await writer.DisposeAsync();
        await using var turn = await second.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(files.Database.Writer.OpenConnectionAsync().AsTask().IsCompleted);
    }
}
