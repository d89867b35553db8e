using Ampx.Silo.Grains;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Ampx.Silo.Workers;

/// <summary>
/// Activates every wake shard at start, and again when a silo is gone, so that whatever was under way goes on at once and not with a reminder's next minute.
/// The service doesn't wait for it: the first start writes a reminder for each shard, which takes long on a slow disk.
/// </summary>
internal sealed partial class WakeUps(IGrainFactory grains, IClusterMembershipService members, TimeProvider clock, ILogger<WakeUps> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when every shard has been started, and so has its reminder.</summary>
    public Task Begun => begun.Task;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Begin(stoppingToken), WatchMembers(stoppingToken));

    private async Task Begin(CancellationToken stopping)
    {
        await All(shard => shard.Start(), stopping);
        begun.SetResult();
    }

    private async Task WatchMembers(CancellationToken stopping)
    {
        var alive = new HashSet<SiloAddress>();
        await foreach (var now in members.MembershipUpdates.WithCancellation(stopping))
        {
            var living = now.Members.Values.Where(member => member.Status is not SiloStatus.Dead).Select(member => member.SiloAddress).ToHashSet();
            if (alive.Except(living).ToList() is { Count: > 0 } gone)
            {
                LogGone(string.Join(", ", gone));
                await All(shard => shard.Resume(), stopping);
            }

            alive = living;
        }
    }

    private Task All(Func<IWakeGrain, Task> call, CancellationToken stopping) =>
        Task.WhenAll(Enumerable.Range(0, WakeShard.Count).Select(shard => Patiently(shard, call, stopping)));

    private async Task Patiently(int shard, Func<IWakeGrain, Task> call, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await call(grains.GetGrain<IWakeGrain>(shard)).WaitAsync(stopping);
                return;
            }
            catch (Exception failed) when (!stopping.IsCancellationRequested)
            {
                LogFailed(shard, failed);
                await Task.Delay(Pause, clock, stopping);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "silo {Gone} is gone; what it had under way goes on elsewhere")]
    private partial void LogGone(string gone);

    [LoggerMessage(LogLevel.Warning, "wake shard {Shard} couldn't be started; trying again")]
    private partial void LogFailed(int shard, Exception exception);
}
