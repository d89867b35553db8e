using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Npgsql;

namespace Ampx.Silo.Hosting;

/// <summary>The address by which other machines reach a silo.</summary>
internal static class ClusterAddress
{
    private const string Key = "Ampx:Cluster:AdvertisedAddress";

    /// <summary>The given one; without one loopback if the database is there (then the whole cluster must be on this machine), else this machine's first IPv4 address.</summary>
    /// <exception cref="StartException">The given one is none.</exception>
    public static IPAddress Of(string? given, string connectionString)
    {
        if (!string.IsNullOrWhiteSpace(given)) return Resolve(given.Trim());
        return IsLocal(connectionString) ? IPAddress.Loopback : Own().FirstOrDefault(own => !IPAddress.IsLoopback(own)) ?? IPAddress.Loopback;
    }

    public static bool IsOfThisMachine(IPAddress address) => IPAddress.IsLoopback(address) || Own().Contains(address);

    private static IPAddress Resolve(string given)
    {
        if (IPAddress.TryParse(given, out var address)) return address;
        try
        {
            return Dns.GetHostAddresses(given, AddressFamily.InterNetwork).FirstOrDefault() ?? throw new StartException($"{Key} is '{given}', which has no IPv4 address");
        }
        catch (Exception unknown) when (unknown is SocketException or ArgumentException)
        {
            throw new StartException($"{Key} is '{given}', which is neither an IP address nor a host name that can be resolved ({unknown.Message})", unknown);
        }
    }

    private static bool IsLocal(string connectionString)
    {
        try
        {
            var hosts = new NpgsqlConnectionStringBuilder(connectionString).Host?.Split(',') ?? [];
            return hosts.All(host => host is "localhost" || host.StartsWith('/') || (IPAddress.TryParse(host.Split(':')[0], out var address) && IPAddress.IsLoopback(address)));
        }
        catch (ArgumentException)
        {
            return true; // Migrations say what is wrong with it.
        }
    }

    private static IEnumerable<IPAddress> Own() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(network => network.OperationalStatus is OperationalStatus.Up)
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(own => own.Address)
        .Where(address => address.AddressFamily is AddressFamily.InterNetwork);
}
