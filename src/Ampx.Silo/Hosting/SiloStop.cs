using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Ampx.Silo.Hosting;

/// <summary>
/// Stops the silo in order, unless the cluster's database is away: it could tell nobody that it leaves, and would try to until the time for the whole stop is up.
/// The others find out by themselves, and this worker's next start says it again (<see cref="FormerLives"/>).
/// </summary>
internal sealed partial class SiloStop(IHostedService silo, NpgsqlDataSource membership, ILogger<SiloStop> log) : IHostedService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2), Rest = TimeSpan.FromSeconds(1);

    /// <summary>In the place of Orleans' own, which starts and stops the silo with the host.</summary>
    public static void TakeOver(IServiceCollection services, object members)
    {
        var own = services.Single(service => service.ServiceType == typeof(IHostedService) && service.ImplementationType?.FullName == "Orleans.Hosting.SiloHostedService");
        services[services.IndexOf(own)] = ServiceDescriptor.Singleton<IHostedService>(provider => ActivatorUtilities.CreateInstance<SiloStop>(
            provider, (IHostedService)ActivatorUtilities.CreateInstance(provider, own.ImplementationType!), provider.GetRequiredKeyedService<NpgsqlDataSource>(members)));
    }

    public Task StartAsync(CancellationToken cancellationToken) => silo.StartAsync(cancellationToken);

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (!await IsThere(cancellationToken))
        {
            LogAway();
            limit.CancelAfter(Rest);
        }

        try
        {
            // Not waited for beyond that: it goes on for half a minute whatever it is told.
            await silo.StopAsync(limit.Token).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            LogLeft();
        }
    }

    private async Task<bool> IsThere(CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        try
        {
            await using var probe = membership.CreateCommand("SELECT 1");
            // Not trusted to hear: a connection that hangs may not.
            await probe.ExecuteScalarAsync(patience.Token).WaitAsync(Patience, cancel);
            return true;
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "the database is away: this silo stops without telling the others")]
    private partial void LogAway();

    [LoggerMessage(LogLevel.Debug, "the silo is left as it is")]
    private partial void LogLeft();
}
