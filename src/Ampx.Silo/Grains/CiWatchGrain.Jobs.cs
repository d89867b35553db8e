using Ampx.Core.Tasks;
using Ampx.Silo.Forges;

namespace Ampx.Silo.Grains;

public sealed partial class CiWatchGrain
{
    public Task Look(string taskId)
    {
        if (waiting.Find(taskId) is not { } task) return Task.CompletedTask;
        task.LookedAt = clock.GetUtcNow();
        Soon();
        return Task.CompletedTask;
    }

    /// <summary>For who watches; a task that nobody watches costs no call here.</summary>
    private async Task Count(WatchedTask task)
    {
        (task.Counting, task.CountDue) = (true, clock.GetUtcNow() + Poll);
        try
        {
            if (listings.Of(task)?.Judged(task.Sha).ToList() is not { Count: > 0 } runs) return;
            using var end = new CancellationTokenSource(CiListings.LookLimit, clock);
            task.Jobs = await desk.CountJobs(task.Repo, runs, task.Jobs, end.Token);
            if (task.Jobs is { Total: > 0 } jobs) await GrainFactory.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).Report(task.Step, new TaskProgress("jobs", jobs.Done, jobs.Total));
        }
        catch (Exception failed)
        {
            LogNotCounted(task.Id, failed);
            if (failed is ForgeException { RetryAt: not null }) await Failed(task, failed, 0);
        }
        finally
        {
            task.Counting = false;
            Soon();
        }
    }
}
