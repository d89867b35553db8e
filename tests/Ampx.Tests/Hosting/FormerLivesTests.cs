using System.Net;
using System.Net.Sockets;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;
using Ampx.Tests.Storage;
using Dapper;
using Npgsql;
using Xunit;

namespace Ampx.Tests.Hosting;

/// <summary>Who has the data folder knows that its earlier processes are gone, and says so to the cluster.</summary>
public sealed class FormerLivesTests : IDisposable
{
    private const int Active = 3, Dead = 6;
    private readonly PostgresDatabase database = new();
    private readonly DataFolder folder = DataFolder.Open(Directory.CreateTempSubdirectory("ampx-data-").FullName);

    public FormerLivesTests()
    {
        Migrations.Postgres(database.ConnectionString);
        foreach (var cluster in new[] { "ours", "theirs" }) Execute("INSERT INTO OrleansMembershipVersionTable (DeploymentId, Version) VALUES (@cluster, 7)", new { cluster });
    }

    public void Dispose()
    {
        folder.Dispose();
        Directory.Delete(folder.Path, recursive: true);
        database.Dispose();
    }

    [Fact]
    public async Task They_are_dead_for_all_at_once_and_nobody_else_is()
    {
        var silent = Ports.Free();
        Live("ours", folder.WorkerId, silent, 1);
        Live("ours", folder.WorkerId, silent, 2);
        Live("ours", "worker-other", silent, 3);
        Live("theirs", folder.WorkerId, silent, 4);
        await FormerLives.Bury(database.ConnectionString, "ours", folder, TestContext.Current.CancellationToken);
        Assert.Equal([Dead, Dead, Active, Active], Read("SELECT Status FROM OrleansMembershipTable ORDER BY Generation"));
        // The silos take no notice of a change without a new version.
        Assert.Equal([8, 7], Read("SELECT Version FROM OrleansMembershipVersionTable ORDER BY DeploymentId"));

        await FormerLives.Bury(database.ConnectionString, "ours", folder, TestContext.Current.CancellationToken);
        Assert.Equal([8, 7], Read("SELECT Version FROM OrleansMembershipVersionTable ORDER BY DeploymentId"));
    }

    [Fact]
    public async Task One_that_answers_works_on_a_copy_of_the_folder()
    {
        using var living = new TcpListener(IPAddress.Loopback, 0);
        living.Start();
        var port = ((IPEndPoint)living.LocalEndpoint).Port;
        Live("ours", folder.WorkerId, port, 1);
        var refused = await Assert.ThrowsAsync<StartException>(() => FormerLives.Bury(database.ConnectionString, "ours", folder, TestContext.Current.CancellationToken));
        Assert.Equal($"the cluster has a silo {folder.WorkerId} at 127.0.0.1:{port} already: {folder.Path} is a copy of its data folder; give an empty one with --data", refused.Message);
        Assert.Equal([Active], Read("SELECT Status FROM OrleansMembershipTable"));
    }

    [Fact]
    public async Task A_cluster_of_another_name_that_is_at_work_on_the_database_stops_the_start()
    {
        Live("theirs", "worker-other", Ports.Free(), 1);
        var refused = await Assert.ThrowsAsync<StartException>(() => OtherClusters.Refuse(database.ConnectionString, "ours", TestContext.Current.CancellationToken));
        Assert.StartsWith("a cluster 'theirs' is at work on this database: Cluster:Id must be the same in all processes of a cluster", refused.Message, StringComparison.Ordinal);
        await OtherClusters.Refuse(database.ConnectionString, "theirs", TestContext.Current.CancellationToken);

        Execute("UPDATE OrleansMembershipTable SET Status = @Dead", new { Dead });
        await OtherClusters.Refuse(database.ConnectionString, "ours", TestContext.Current.CancellationToken);
        Execute("UPDATE OrleansMembershipTable SET Status = @Active, IAmAliveTime = now() - interval '2 minutes'", new { Active });
        await OtherClusters.Refuse(database.ConnectionString, "ours", TestContext.Current.CancellationToken);
    }

    private void Live(string cluster, string name, int port, int generation) => Execute(
        "INSERT INTO OrleansMembershipTable (DeploymentId, Address, Port, Generation, SiloName, HostName, Status, ProxyPort, StartTime, IAmAliveTime) VALUES (@cluster, '127.0.0.1', @port, @generation, @name, 'here', 3, 0, now(), now())",
        new { cluster, name, port, generation });

    private void Execute(string sql, object args)
    {
        using var connection = new NpgsqlConnection(database.ConnectionString);
        connection.Execute(sql, args);
    }

    private IEnumerable<int> Read(string sql)
    {
        using var connection = new NpgsqlConnection(database.ConnectionString);
        return connection.Query<int>(sql);
    }
}
