using System.ComponentModel.DataAnnotations;

namespace Ampx.Silo.Hosting;

/// <summary>Section <c>Ampx:Cluster</c>: how the processes on one PostgreSQL database find each other.</summary>
public sealed class ClusterOptions
{
    /// <summary>The same in all processes of a cluster, another one for another cluster on the same database server.</summary>
    [RegularExpression("[A-Za-z0-9][A-Za-z0-9._-]{0,99}", ErrorMessage = "up to 100 letters, digits, '.', '_', '-'")]
    public string Id { get; set; } = "ampx";

    /// <summary>Where this silo hears the other silos.</summary>
    [Range(1, 65535)]
    public int SiloPort { get; set; } = 11111;

    /// <summary>Where this silo hears gateways that are processes of their own.</summary>
    [Range(1, 65535)]
    public int GatewayPort { get; set; } = 30000;

    /// <summary>The address or host name by which the others reach this silo. None: loopback if the database is there, else this machine's first address.</summary>
    public string? AdvertisedAddress { get; set; }
}
