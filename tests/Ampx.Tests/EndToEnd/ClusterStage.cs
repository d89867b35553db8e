using System.Net;
using System.Net.Sockets;
using Ampx.Tests.Storage;

namespace Ampx.Tests.EndToEnd;

/// <summary>Machines with a service each on one PostgreSQL database: a <see cref="Stage"/> each, with ports of their own that they keep over restarts.</summary>
internal sealed class ClusterStage : IAsyncDisposable
{
    private readonly PostgresDatabase? database;
    private readonly Dictionary<string, string?> shared = [];
    private readonly string id = $"test-{Guid.NewGuid():N}";

    /// <param name="connectionString">Of a database of the test's own; null: a new one on the tests' server.</param>
    public ClusterStage(string? connectionString = null)
    {
        if (connectionString is null) database = new();
        ConnectionString = connectionString ?? database!.ConnectionString;
    }

    public List<Stage> Machines { get; } = [];

    public string ConnectionString { get; }

    /// <summary>A setting of machines that are added from now on.</summary>
    public ClusterStage With(string name, string value)
    {
        shared[name] = value;
        return this;
    }

    /// <summary>A machine that isn't started yet; <paramref name="role"/> null is both.</summary>
    public Stage Machine(string? role = null)
    {
        var machine = new Stage { OfCluster = true };
        machine.Environment["Ampx__Storage__Provider"] = "postgres";
        machine.Environment["Ampx__Storage__ConnectionString"] = ConnectionString;
        machine.Environment["Ampx__Cluster__Id"] = id;
        machine.Environment["Ampx__Cluster__SiloPort"] = $"{FreePort()}";
        machine.Environment["Ampx__Cluster__GatewayPort"] = $"{FreePort()}";
        if (role is not null) machine.Environment["Ampx__Roles__0"] = role;
        foreach (var (name, value) in shared) machine.Environment[name] = value;
        Machines.Add(machine);
        return machine;
    }

    /// <summary>A profile of kind command on all machines that are added from now on; the script is the same file for all.</summary>
    public ClusterStage Agent(string name, string folder, string script)
    {
        var file = Path.Combine(folder, $"{name}.sh");
        File.WriteAllText(file, script);
        shared[$"Ampx__Agents__{name}__Kind"] = "command";
        shared[$"Ampx__Agents__{name}__Sandbox"] = "none";
        shared[$"Ampx__Agents__{name}__Command"] = "/bin/sh";
        shared[$"Ampx__Agents__{name}__Arguments__0"] = file;
        return this;
    }

    /// <summary>Up when the process answers its health, well or not.</summary>
    public static Task Up(Stage machine, HttpStatusCode ready = HttpStatusCode.OK) => machine.Up(async () =>
    {
        using var answer = await machine.Look("/health/ready");
        return answer.StatusCode == ready;
    });

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Machines.Select(machine => machine.DisposeAsync().AsTask()));
        database?.Dispose();
    }

    // Below those that the system gives to clients: one that is down must find its ports again.
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, 20_000);
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
    }
}
