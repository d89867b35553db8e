using Ampx.Silo.Git;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Workers;

/// <summary>Keeps the pool of free trees within <c>Workspaces:MaxDisk</c> and <c>Workspaces:RetainFor</c>.</summary>
public sealed partial class Housekeeping(Workspaces workspaces, IOptions<WorkspaceOptions> options, TimeProvider clock, ILogger<Housekeeping> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                workspaces.RemoveUnused(options.Value.RetainFor);
                workspaces.EnforceLimit(options.Value.MaxDiskBytes);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                LogFailed(failed);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "free workspaces couldn't be removed; trying again later")]
    private partial void LogFailed(Exception exception);
}
