using Ampx.Silo.Grains;
using Ampx.Silo.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Workers;

public static partial class WorkerServices
{
    /// <summary>This machine's slots. Call after the silo is added: the worker starts when it is up.</summary>
    public static IServiceCollection AddWorker(this IServiceCollection services) => services
        .AddOptions<CheckpointOptions>().BindConfiguration("Ampx:Checkpoint").ValidateDataAnnotations().Services
        .AddSingleton<RunOutput>()
        .AddSingleton<Checkpoints>()
        .AddSingleton<AgentSteps>()
        .AddSingleton<CiCommand>()
        .AddSingleton<RunCarrier>()
        .AddSingleton<WorkerLease>()
        .AddSingleton<Worker>()
        .AddHostedService<Housekeeping>()
        .AddHostedService<WakeUps>()
        .AddHostedService(provider => provider.GetRequiredService<Worker>());

    /// <summary>
    /// Activates every wake shard at start, so that whatever was under way goes on at once. The service doesn't wait for it: the first start
    /// writes a reminder for each, which takes long on a slow disk.
    /// </summary>
    private sealed partial class WakeUps(IGrainFactory grains, TimeProvider clock, ILogger<WakeUps> log) : BackgroundService
    {
        private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Enumerable.Range(0, WakeShard.Count).Select(shard => Start(shard, stoppingToken)));

        private async Task Start(int shard, CancellationToken stopping)
        {
            while (true)
            {
                try
                {
                    await grains.GetGrain<IWakeGrain>(shard).Start().WaitAsync(stopping);
                    return;
                }
                catch (Exception failed) when (!stopping.IsCancellationRequested)
                {
                    LogFailed(shard, failed);
                    await Task.Delay(Pause, clock, stopping);
                }
            }
        }

        [LoggerMessage(LogLevel.Warning, "wake shard {Shard} couldn't be started; trying again")]
        private partial void LogFailed(int shard, Exception exception);
    }
}
