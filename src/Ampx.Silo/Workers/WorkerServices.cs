using Microsoft.Extensions.DependencyInjection;

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
        .AddSingleton<WorkerLease>()
        .AddSingleton<Worker>()
        .AddHostedService<Housekeeping>()
        .AddSingleton<WakeUps>()
        .AddHostedService(provider => provider.GetRequiredService<WakeUps>())
        .AddHostedService(provider => provider.GetRequiredService<Worker>());
}
