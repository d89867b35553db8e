using System.Net;
using System.Net.Sockets;
using Ampx.Silo.Hosting;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Ampx.Tests.Hosting;

/// <summary>Settings that don't go together end the start with a line that says what is wrong and what to do.</summary>
public sealed class HostingPlanTests
{
    private const string Here = "Host=127.0.0.1;Database=ampx", Elsewhere = "Host=db.example.org;Database=ampx";

    [Fact]
    public void A_role_that_is_none() => Refused("Ampx:Roles has 'worker'; allowed: silo, gateway", ("Roles:0", "silo"), ("Roles:1", "worker"));

    [Fact]
    public void PostgreSQL_without_a_connection_string() =>
        Refused("Ampx:Storage:ConnectionString is missing, and Ampx:Storage:Provider is 'postgres': give one such as Host=", ("Storage:Provider", "postgres"));

    [Fact]
    public void A_connection_string_without_PostgreSQL() =>
        Refused("Ampx:Storage:ConnectionString is given, but Ampx:Storage:Provider is 'sqlite', which keeps its files in Ampx:DataDirectory: set the provider to postgres", ("Storage:ConnectionString", Here));

    [Theory]
    [InlineData("silo")]
    [InlineData("gateway")]
    public void A_role_alone_without_a_cluster(string role) =>
        Refused($"Ampx:Roles is '{role}' alone, which needs a cluster: set Ampx:Storage:Provider to postgres, or give both roles", ("Roles:0", role));

    [Theory]
    [InlineData("no such host.invalid")]
    [InlineData("nowhere.invalid")]
    public void An_advertised_address_that_is_none(string address) =>
        Refused($"Ampx:Cluster:AdvertisedAddress is '{address}', which is neither an IP address nor a host name that can be resolved (", ("Storage:Provider", "postgres"), ("Storage:ConnectionString", Here), ("Cluster:AdvertisedAddress", address));

    [Theory]
    [InlineData("SiloPort")]
    [InlineData("GatewayPort")]
    public void A_port_of_the_cluster_that_somebody_else_has(string key)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        var plan = Plan(("Storage:Provider", "postgres"), ("Storage:ConnectionString", Here), ($"Cluster:{key}", $"{port}"), (key is "SiloPort" ? "Cluster:GatewayPort" : "Cluster:SiloPort", $"{Ports.Free()}"));
        var refused = Assert.Throws<StartException>(plan.CheckPorts);
        Assert.Equal($"Ampx:Cluster:{key} is {port}, but 127.0.0.1:{port} is in use by another process: give each service on a machine its own Ampx:Cluster:{key}", refused.Message);
    }

    [Fact]
    public void The_given_address_is_the_advertised_one_and_heard_on_where_it_is_this_machines_own()
    {
        Assert.Equal((IPAddress.Parse("203.0.113.7"), IPAddress.Any), Addresses(Here, "203.0.113.7"));
        Assert.Equal((IPAddress.Parse("127.0.0.9"), IPAddress.Parse("127.0.0.9")), Addresses(Elsewhere, " 127.0.0.9 "));
        Assert.Equal((IPAddress.Loopback, IPAddress.Loopback), Addresses(Elsewhere, "localhost"));
    }

    [Fact]
    public void Without_one_it_is_loopback_where_the_database_is_here_and_this_machines_own_elsewhere()
    {
        foreach (var here in new[] { Here, "Host=localhost", "Host=/run/postgresql", "Host=127.0.0.1:6000,127.0.0.2" }) Assert.Equal((IPAddress.Loopback, IPAddress.Loopback), Addresses(here, null));
        var (advertised, heard) = Addresses(Elsewhere, null);
        Assert.Equal(advertised, heard);
        Assert.True(ClusterAddress.IsOfThisMachine(advertised));
        var own = Dns.GetHostAddresses(Dns.GetHostName(), AddressFamily.InterNetwork);
        Assert.Equal(own.Any(address => !IPAddress.IsLoopback(address)), !IPAddress.IsLoopback(advertised));
    }

    private static (IPAddress Advertised, IPAddress Heard) Addresses(string connection, string? given)
    {
        var plan = Plan([("Storage:Provider", "postgres"), ("Storage:ConnectionString", connection), .. given is null ? Array.Empty<(string, string)>() : [("Cluster:AdvertisedAddress", given)]]);
        return (plan.Address, plan.ListenAddress);
    }

    private static void Refused(string words, params (string Key, string Value)[] settings)
    {
        var told = Assert.Throws<StartException>(() => Plan(settings)).Message;
        Assert.StartsWith(words, told, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', told);
    }

    private static HostingPlan Plan(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Ampx:{setting.Key}", (string?)setting.Value))).Build();
        return HostingPlan.Of(configuration.GetSection("Ampx").Get<ServiceOptions>() ?? new(), configuration);
    }
}
