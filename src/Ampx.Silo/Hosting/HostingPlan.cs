using System.Net;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Postgres;
using Ampx.Silo.Storage.Sqlite;
using Microsoft.Extensions.Configuration;

namespace Ampx.Silo.Hosting;

/// <summary>What this process is and on what it stands: alone on SQLite, or one of a cluster on PostgreSQL.</summary>
internal sealed class HostingPlan
{
    private static readonly string[] Roles = ["silo", "gateway"];

    private readonly StorageOptions storage;

    private HostingPlan(ServiceOptions options, StorageOptions storage, ClusterOptions cluster)
    {
        this.storage = storage;
        Cluster = cluster;
        (IsSilo, IsGateway) = (options.IsSilo, options.IsGateway);
        if (IsClustered) Address = ClusterAddress.Of(cluster.AdvertisedAddress, storage.ConnectionString!);
    }

    public ClusterOptions Cluster { get; }

    public bool IsSilo { get; }

    public bool IsGateway { get; }

    public bool IsClustered => storage.IsPostgres;

    /// <summary>Of the cluster's database.</summary>
    public string ConnectionString => storage.ConnectionString!;

    /// <inheritdoc cref="StorageOptions.StartTimeout"/>
    public TimeSpan StartTimeout => IsClustered ? storage.StartTimeout : TimeSpan.Zero;

    /// <summary>By which the other silos reach this one.</summary>
    public IPAddress Address { get; } = IPAddress.Loopback;

    /// <summary>Where to listen: an address that isn't this machine's own (that of a container's host) is heard on all.</summary>
    public IPAddress ListenAddress => ClusterAddress.IsOfThisMachine(Address) ? Address : IPAddress.Any;

    /// <exception cref="StartException">Settings that don't go together.</exception>
    public static HostingPlan Of(ServiceOptions options, IConfiguration configuration)
    {
        var storage = configuration.GetSection("Ampx:Storage").Get<StorageOptions>() ?? new();
        foreach (var role in options.Roles.Where(role => !Roles.Contains(role)))
            throw new StartException($"Ampx:Roles has '{role}'; allowed: {string.Join(", ", Roles)}");
        if (storage.IsPostgres && string.IsNullOrWhiteSpace(storage.ConnectionString))
            throw new StartException("Ampx:Storage:ConnectionString is missing, and Ampx:Storage:Provider is 'postgres': give one such as Host=db;Database=ampx;Username=ampx;Password=…");
        if (!storage.IsPostgres && !string.IsNullOrWhiteSpace(storage.ConnectionString))
            throw new StartException("Ampx:Storage:ConnectionString is given, but Ampx:Storage:Provider is 'sqlite', which keeps its files in Ampx:DataDirectory: set the provider to postgres, or take the string out");
        if (!storage.IsPostgres && !(options.IsSilo && options.IsGateway))
            throw new StartException($"Ampx:Roles is '{string.Join(", ", options.Roles)}' alone, which needs a cluster: set Ampx:Storage:Provider to postgres, or give both roles");
        return new(options, storage, configuration.GetSection("Ampx:Cluster").Get<ClusterOptions>() ?? new());
    }

    /// <summary>Sees that this silo's place on the machine is free.</summary>
    /// <exception cref="StartException">Another process has a port.</exception>
    public void CheckPorts()
    {
        if (!IsClustered || !IsSilo) return;
        Ports.Check(new IPEndPoint(ListenAddress, Cluster.SiloPort), "Ampx:Cluster:SiloPort");
        Ports.Check(new IPEndPoint(ListenAddress, Cluster.GatewayPort), "Ampx:Cluster:GatewayPort");
    }

    /// <summary>Makes the storage ready and sees that this silo's name in the cluster is free.</summary>
    /// <exception cref="StartException">Another process goes by this worker's name, or a cluster of another name is at work on the database.</exception>
    /// <exception cref="StorageException">The database can't be used.</exception>
    public async Task Prepare(DataFolder folder, Migrated? migrated, CancellationToken cancel)
    {
        if (!IsClustered)
        {
            Migrations.Sqlite(folder.Path, migrated);
            return;
        }

        // Elsewhere, for it blocks: a start that is interrupted doesn't wait for a server that never answers.
        await Task.Run(() => Migrations.Postgres(ConnectionString, migrated), cancel).WaitAsync(cancel);
        await OtherClusters.Refuse(ConnectionString, Cluster.Id, cancel);
        if (IsSilo) await FormerLives.Bury(ConnectionString, Cluster.Id, folder, cancel);
    }

    public Database OpenStorage(DataFolder folder) => IsClustered ? PostgresStorage.Open(ConnectionString) : SqliteStorage.Open(folder.Path);
}
