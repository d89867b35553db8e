using Ampx.Core.Api;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Admin;

/// <summary>The one in a cluster that removes old logs; key 0.</summary>
[Alias("ampx.log-retention")]
internal interface ILogRetentionGrain : IGrainWithIntegerKey
{
    /// <summary>Begins a sweep unless one is under way or has just been; doesn't wait for its end.</summary>
    [Alias("Sweep")]
    Task Sweep();
}

/// <inheritdoc cref="ILogRetentionGrain"/>
internal sealed partial class LogRetentionGrain(LogRetention retention, TimeProvider clock, IHostApplicationLifetime life, ILogger<LogRetentionGrain> log) : Grain, ILogRetentionGrain
{
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(50);
    private DateTimeOffset last = DateTimeOffset.MinValue;
    private Task sweep = Task.CompletedTask;

    public Task Sweep()
    {
        var now = clock.GetUtcNow();
        if (!sweep.IsCompleted || now - last < Rest) return Task.CompletedTask;
        last = now;
        sweep = Run();
        return Task.CompletedTask;
    }

    private async Task Run()
    {
        try
        {
            var removed = await retention.Sweep(life.ApplicationStopping);
            if (removed > 0) LogRemoved(removed);
        }
        catch (Exception failed)
        {
            if (!life.ApplicationStopping.IsCancellationRequested) LogFailed(failed);
        }
    }

    [LoggerMessage(LogLevel.Information, "removed the logs of {Count} tasks that ended long ago")]
    private partial void LogRemoved(int count);

    [LoggerMessage(LogLevel.Warning, "old logs couldn't be removed; trying again in an hour")]
    private partial void LogFailed(Exception exception);
}

/// <summary>Old logs, and what is left of removed tasks: each silo asks every hour; the grains do it once.</summary>
internal sealed partial class LogCare(IGrainFactory grains, TimeProvider clock, ILogger<LogCare> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        do
        {
            try
            {
                await grains.GetGrain<ILogRetentionGrain>(0).Sweep().WaitAsync(stoppingToken);
                await grains.GetGrain<IRemovedTasksGrain>(0).Sweep().WaitAsync(stoppingToken);
            }
            catch (Exception failed) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotAsked(failed);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(LogLevel.Warning, "nobody could be asked to remove old logs and the rest of removed tasks; asking again in an hour")]
    private partial void LogNotAsked(Exception exception);
}
