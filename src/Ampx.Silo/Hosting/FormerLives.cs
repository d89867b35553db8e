using System.Net;
using System.Net.Sockets;
using Dapper;
using Npgsql;

namespace Ampx.Silo.Hosting;

/// <summary>
/// What the cluster still believes of this worker's earlier processes. Who holds the data folder knows that they are gone; said at start, nobody has to find out:
/// else a lone silo that comes back at another address waits until the last one's sign of life is too old.
/// </summary>
internal static class FormerLives
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private const int Dead = 6; // Orleans' SiloStatus

    /// <summary>Marks them as dead, as a silo does that has lost one.</summary>
    /// <exception cref="StartException">One of them answers: it works on a copy of this data folder.</exception>
    public static async Task Bury(string connectionString, string clusterId, DataFolder folder, CancellationToken cancel)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancel);
        var former = await connection.QueryAsync<(string Address, int Port)>(new CommandDefinition(
            "SELECT Address, Port FROM OrleansMembershipTable WHERE DeploymentId = @clusterId AND SiloName = @name AND Status <> @Dead",
            new { clusterId, name = folder.WorkerId, Dead }, cancellationToken: cancel));
        foreach (var (address, port) in former.Distinct())
        {
            if (await Answers(address, port, cancel))
                throw new StartException($"the cluster has a silo {folder.WorkerId} at {address}:{port} already: {folder.Path} is a copy of its data folder; give an empty one with --data");
        }

        await connection.ExecuteAsync(new CommandDefinition(
            """
            WITH version AS (
              UPDATE OrleansMembershipVersionTable v SET Timestamp = now(), Version = Version + 1
              WHERE DeploymentId = @clusterId AND EXISTS (SELECT 1 FROM OrleansMembershipTable m WHERE m.DeploymentId = v.DeploymentId AND SiloName = @name AND Status <> @Dead)
              RETURNING DeploymentId)
            UPDATE OrleansMembershipTable m SET Status = @Dead FROM version WHERE m.DeploymentId = version.DeploymentId AND SiloName = @name AND Status <> @Dead
            """,
            new { clusterId, name = folder.WorkerId, Dead }, cancellationToken: cancel));
    }

    private static async Task<bool> Answers(string address, int port, CancellationToken cancel)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Patience);
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(address), port, limit.Token);
            return true;
        }
        catch (Exception silent) when (silent is SocketException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return false;
        }
    }
}
