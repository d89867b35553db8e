using Ampx.Silo.Grains;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Ampx.Silo.Hosting;

/// <summary>Ready when a grain answers.</summary>
internal sealed class SiloHealth(IGrainFactory grains) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await grains.GetGrain<IWakeGrain>(0).Start().WaitAsync(TimeSpan.FromSeconds(2), cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (Exception silent) when (silent is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy("no grain answers", silent);
        }
    }
}
