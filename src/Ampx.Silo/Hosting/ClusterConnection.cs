using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Ampx.Silo.Hosting;

/// <summary>Whether a gateway alone has reached a silo since its start.</summary>
internal sealed class ClusterLink
{
    public bool IsUp { get; set; }
}

/// <summary>
/// Connects a gateway alone to the silos, beside the web server rather than before it: Orleans' client holds up the whole start until a silo is up, and meanwhile not
/// even health would be served.
/// </summary>
internal sealed partial class ClusterConnection(IHostedService client, ClusterLink link, ILogger<ClusterConnection> log) : BackgroundService
{
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (link.IsUp) await client.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        LogConnecting();
        await client.StartAsync(stoppingToken);
        link.IsUp = true;
        LogConnected();
    }

    [LoggerMessage(LogLevel.Information, "looking for the cluster's silos")]
    private partial void LogConnecting();

    [LoggerMessage(LogLevel.Information, "connected to the cluster")]
    private partial void LogConnected();
}

/// <summary>Before the first silo is found a call would wait for nothing until its time is up.</summary>
internal sealed class RefuseUntilConnected(ClusterLink link) : IOutgoingGrainCallFilter
{
    public Task Invoke(IOutgoingGrainCallContext context) => link.IsUp || !context.InterfaceName.StartsWith("Ampx.", StringComparison.Ordinal)
        ? context.Invoke()
        : throw new SiloUnavailableException("no silo of the cluster has been reached yet");
}
