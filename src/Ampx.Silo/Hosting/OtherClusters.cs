using Dapper;
using Npgsql;

namespace Ampx.Silo.Hosting;

/// <summary>Clusters of another name on this one's database: neither would know of the other's silos, and both would work on the same tasks.</summary>
internal static class OtherClusters
{
    /// <summary>Silos give a sign of life each few seconds; one that was silent for so long is gone, however it ended.</summary>
    private const int FreshSeconds = 60;

    private const int Dead = 6; // Orleans' SiloStatus

    /// <exception cref="StartException">One is at work.</exception>
    public static async Task Refuse(string connectionString, string clusterId, CancellationToken cancel)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancel);
        var other = await connection.QueryFirstOrDefaultAsync<string>(new CommandDefinition(
            "SELECT DeploymentId FROM OrleansMembershipTable WHERE DeploymentId <> @clusterId AND Status <> @Dead AND IAmAliveTime > now() - make_interval(secs => @FreshSeconds) LIMIT 1",
            new { clusterId, Dead, FreshSeconds }, cancellationToken: cancel));
        if (other is not null)
            throw new StartException($"a cluster '{other}' is at work on this database: Cluster:Id must be the same in all processes of a cluster (here it is '{clusterId}'), or the database another one; one that was killed counts for a minute");
    }
}
