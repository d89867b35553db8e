using Ampx.Core.Api;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Ampx.Silo.Admin;

/// <inheritdoc cref="IRemovedTasksGrain"/>
[Reentrant] // A removal doesn't wait for the sweep.
internal sealed partial class RemovedTasksGrain(RemovedTasks removed, IHostApplicationLifetime life, ILogger<RemovedTasksGrain> log) : Grain, IRemovedTasksGrain
{
    private Task sweep = Task.CompletedTask;

    public async Task Clear(string taskId)
    {
        if (!await removed.Clear(taskId, life.ApplicationStopping)) LogLeft(1);
    }

    public Task Sweep()
    {
        if (sweep.IsCompleted) sweep = Run();
        return Task.CompletedTask;
    }

    private async Task Run()
    {
        try
        {
            if (await removed.Sweep(life.ApplicationStopping) is > 0 and var left) LogLeft(left);
        }
        catch (Exception failed)
        {
            if (!life.ApplicationStopping.IsCancellationRequested) LogFailed(failed);
        }
    }

    [LoggerMessage(LogLevel.Warning, "of {Count} removed tasks something is left on a machine or at the remote; trying again in an hour")]
    private partial void LogLeft(int count);

    [LoggerMessage(LogLevel.Warning, "removed tasks couldn't be cleared up after; trying again in an hour")]
    private partial void LogFailed(Exception exception);
}
