using Ampx.Silo.Admin;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Sqlite;
using Xunit;

namespace Ampx.Tests.Admin;

/// <summary>A backup doesn't fill the disk on which the service writes.</summary>
public sealed class BackupRoomTests : IDisposable
{
    private readonly DataFolder folder = DataFolder.Open(Directory.CreateTempSubdirectory("ampx-data-").FullName);
    private readonly Database database;

    public BackupRoomTests()
    {
        Migrations.Sqlite(folder.Path);
        database = SqliteStorage.Open(folder.Path);
        using var file = File.OpenWrite(folder.In("logs.db-more"));
        file.SetLength(5 << 20);
    }

    public void Dispose()
    {
        database.Dispose();
        folder.Dispose();
        Directory.Delete(folder.Path, recursive: true);
    }

    [Fact]
    public void Without_room_it_is_refused_with_both_figures()
    {
        var why = new ServiceBackup(folder, database, TimeProvider.System) { Free = () => 3 << 19 }.WhyNot;
        Assert.Matches(@"^a backup takes up to 5(\.\d)? MiB for a while in .*, and 1\.5 MiB are free there: ", why);
        Assert.Null(new ServiceBackup(folder, database, TimeProvider.System) { Free = () => 1 << 30 }.WhyNot);
        Assert.True(new ServiceBackup(folder, database, TimeProvider.System).Free() > 0);
    }
}
