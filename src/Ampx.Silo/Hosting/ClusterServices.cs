using System.Net;
using Ampx.Silo.Storage.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Orleans.Configuration;

namespace Ampx.Silo.Hosting;

/// <summary>How a silo joins the others, and a gateway alone finds them.</summary>
internal static class ClusterServices
{
    /// <summary>The rows' name in grain storage and reminders; the same on every database, so that data can be moved.</summary>
    private const string ServiceId = "ampx";

    private const string Members = "membership";

    /// <summary>Alone on loopback ports that are free, or in the cluster on the plan's database.</summary>
    public static ISiloBuilder UseAmpxCluster(this ISiloBuilder silo, HostingPlan plan)
    {
        silo.Configure<ClusterMembershipOptions>(ForgiveClocks);
        if (!plan.IsClustered) return silo.UseLocalhostClustering(Ports.Free(), 0, serviceId: ServiceId, clusterId: "ampx");
        silo.Services.AddMembership(plan);
        return silo
            .Configure<EndpointOptions>(place =>
            {
                (place.AdvertisedIPAddress, place.SiloPort, place.GatewayPort) = (plan.Address, plan.Cluster.SiloPort, plan.Cluster.GatewayPort);
                place.SiloListeningEndpoint = new IPEndPoint(plan.ListenAddress, plan.Cluster.SiloPort);
                place.GatewayListeningEndpoint = new IPEndPoint(plan.ListenAddress, plan.Cluster.GatewayPort);
            })
            .UseAdoNetClustering(options => options.Configure<IServiceProvider>((table, services) =>
            {
                table.Invariant = PostgresStorage.Invariant;
                table.DataSource = services.GetRequiredKeyedService<NpgsqlDataSource>(Members);
            }))
            .Configure<ClusterMembershipOptions>(Judge);
    }

    /// <summary>A client of the cluster's silos, which comes up with or without them.</summary>
    public static void UseAmpxClusterClient(this WebApplicationBuilder builder, HostingPlan plan)
    {
        var services = builder.Services;
        services.AddMembership(plan);
        var before = services.Count;
        builder.UseOrleansClient(client => client
            .UseAdoNetClustering(options => options.Configure<IServiceProvider>((table, provider) =>
            {
                table.Invariant = PostgresStorage.Invariant;
                table.DataSource = provider.GetRequiredKeyedService<NpgsqlDataSource>(Members);
            }))
            .Configure<Orleans.Configuration.GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(5))
            .UseConnectionRetryFilter(TryAgain)
            .AddOutgoingGrainCallFilter<RefuseUntilConnected>());
        services.AddSingleton<ClusterLink>();
        services.AddOptions<Ampx.Gateway.GatewayOptions>().Configure<ClusterLink>((gateway, link) => gateway.HasSilos = () => link.IsUp);
        var client = services.Skip(before).Single(service => service.ServiceType == typeof(IHostedService));
        services.Remove(client);
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<ClusterConnection>(provider, (IHostedService)client.ImplementationFactory!(provider)));
    }

    /// <inheritdoc cref="SiloStop"/>
    public static void StopWithoutDatabase(this IServiceCollection services) => SiloStop.TakeOver(services, Members);

    private static async Task<bool> TryAgain(Exception failure, CancellationToken cancel)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), cancel);
        return true;
    }

    private static void AddMembership(this IServiceCollection services, HostingPlan plan) => services
        .Configure<Orleans.Configuration.ClusterOptions>(cluster => (cluster.ServiceId, cluster.ClusterId) = (ServiceId, plan.Cluster.Id))
        .AddKeyedSingleton(Members, (_, _) => PostgresStorage.Membership(plan.ConnectionString));

    /// <summary>
    /// Orleans compares times of different clocks (the machine's, ours, other machines'), and takes a silo that seems to have been joining for five minutes, or to have been
    /// begun an hour ago and never seen, for dead: after a jump back of an hour that was the starting silo itself. Nobody counts on a silo that has not joined.
    /// </summary>
    private static void ForgiveClocks(ClusterMembershipOptions members)
    {
        members.EvictWhenMaxJoinAttemptTimeExceeded = false;
        members.SiloGenerationRetirementAge = TimeSpan.FromDays(2);
    }

    /// <summary>A silo that is killed is given up within 3 s, one that hangs within 10, with no false alarm under full load (all measured); Orleans' own: 7 and 63.</summary>
    private static void Judge(ClusterMembershipOptions members)
    {
        members.ProbeTimeout = TimeSpan.FromSeconds(1);
        members.NumMissedProbesLimit = 2;
        members.TableRefreshTimeout = TimeSpan.FromSeconds(5);
        members.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        // A silo of before the whole machine's loss holds up the first one after it for 10 s instead of 15.
        members.NumMissedTableIAmAliveLimit = 2;
        members.MaxJoinAttemptTime = TimeSpan.FromMinutes(1);
        members.DefunctSiloExpiration = TimeSpan.FromDays(1);
    }
}
