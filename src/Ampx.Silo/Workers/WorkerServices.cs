using Ampx.Silo.Grains;
using Ampx.Silo.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Ampx.Silo.Workers;

public static class WorkerServices
{
    /// <summary>This machine's slots. Call after the silo is added: the worker starts when it is up.</summary>
    public static IServiceCollection AddWorker(this IServiceCollection services) => services
        .AddOptions<CheckpointOptions>().BindConfiguration("Ampx:Checkpoint").ValidateDataAnnotations().Services
        .AddSingleton<RunOutput>()
        .AddSingleton<Checkpoints>()
        .AddSingleton<AgentSteps>()
        .AddSingleton<CiCommand>()
        .AddSingleton<RunCarrier>()
        .AddSingleton<Worker>()
        .AddHostedService<Housekeeping>()
        .AddHostedService<WakeUps>()
        .AddHostedService(provider => provider.GetRequiredService<Worker>());

    /// <summary>Activates every wake shard at start, so that whatever was under way goes on at once.</summary>
    private sealed class WakeUps(IGrainFactory grains) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) =>
            Task.WhenAll(Enumerable.Range(0, WakeShard.Count).Select(shard => grains.GetGrain<IWakeGrain>(shard).Start()));

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
