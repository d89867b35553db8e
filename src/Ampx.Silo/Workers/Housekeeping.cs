using Ampx.Core.Tasks;
using Ampx.Silo.Agents.Sandboxes;
using Ampx.Silo.Git;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Workers;

/// <summary>Keeps the pool of free trees within <c>Workspaces:MaxDisk</c> and <c>Workspaces:RetainFor</c>, and removes mirrors and homes that nobody needs. Work that is
/// nowhere else is saved first, and stays for as long as that fails.</summary>
public sealed partial class Housekeeping(
    IGrainFactory grains, Workspaces workspaces, Checkpoints checkpoints, Mirrors mirrors, Homes homes, GitFolders folders, IOptions<WorkspaceOptions> options, TimeProvider clock,
    ILogger<Housekeeping> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    /// <summary>A mirror costs a clone to make again, a home its package caches: they outlive their trees so many times.</summary>
    private const int Outlive = 30;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken) => await Task.WhenAll(Periodically(stoppingToken), WhenWanted(stoppingToken));

    private async Task Periodically(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Period, clock);
        do
        {
            await Try(async () =>
            {
                await checkpoints.SaveKept(stopping);
                workspaces.RemoveUnused(options.Value.RetainFor);
                workspaces.EnforceLimit(options.Value.MaxDiskBytes);
                await mirrors.RemoveUnused(options.Value.RetainFor * Outlive, MayGo, stopping);
                homes.RemoveUnused(options.Value.RetainFor * Outlive);
                folders.RemoveTemporary(TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(1)); // the clock that files' times come from
            }, stopping);
        }
        while (await timer.WaitForNextTickAsync(stopping));
    }

    private async Task WhenWanted(CancellationToken stopping)
    {
        while (true)
        {
            await checkpoints.Wanted(stopping);
            await Try(() => checkpoints.SaveKept(stopping), stopping);
        }
    }

    private async Task Try(Func<Task> work, CancellationToken stopping)
    {
        try
        {
            await work().WaitAsync(stopping);
        }
        catch (Exception failed) when (!stopping.IsCancellationRequested)
        {
            LogFailed(failed);
        }
    }

    /// <summary>No tree borrows from it, and no task has a commit in it that is nowhere else.</summary>
    private async Task<bool> MayGo(string mirror, IReadOnlyCollection<string> tasks)
    {
        if (workspaces.MirrorsInUse.Contains(mirror)) return false;
        foreach (var id in tasks)
            if (await grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(id)).Find() is { Status: not Status.Success } task && Needs(task)) return false;
        return true;
    }

    private static bool Needs(TaskState task) => task.Unpublished || task.Run is not null || task.RejectedSha is not null || task.Checkpoint is not null;

    [LoggerMessage(LogLevel.Warning, "workspaces and mirrors couldn't be looked after; trying again later")]
    private partial void LogFailed(Exception exception);
}
