using Ampx.Core.Ci;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Grains;

// How far the step under way is, for who watches: never stored.
public sealed partial class TaskGrain
{
    /// <summary>Less than the watch over CI takes a look to last.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    private long? lookedAt;
    private (int Step, TaskProgress How)? reported;

    public Task Report(int step, TaskProgress progress)
    {
        reported = (step, progress);
        return Task.CompletedTask;
    }

    public Task<TaskProgress?> Progress()
    {
        if (Known is { } now && TaskMachine.Next(now) is WatchCi && (lookedAt is not { } last || clock.GetElapsedTime(last) > LookEvery))
        {
            lookedAt = clock.GetTimestamp();
            Hint(GrainFactory.GetGrain<ICiWatchGrain>(desk.KeyOf(now.Repo)).Look(now.Id));
        }

        return Task.FromResult(reported is { } known && known.Step == Known?.Step ? known.How : null);
    }
}
