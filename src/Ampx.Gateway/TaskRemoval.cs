using Ampx.Core.Api;
using Microsoft.Extensions.Logging;

namespace Ampx.Gateway;

/// <summary>Removes ended tasks with everything that is kept of them.</summary>
internal sealed partial class TaskRemoval(TaskLookup tasks, IGrainFactory grains, TimeProvider time, ILogger<TaskRemoval> log)
{
    /// <summary>Mostly it is done in a moment; a machine or a remote that is slow isn't waited for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Returns when the task is gone for good, and its logs, tree and refs with it as far as they can be reached now.</summary>
    /// <exception cref="RefusedException">409: it is at work. 412: it isn't at <paramref name="ifVersion"/> any more.</exception>
    public async Task Of(string taskId, int? ifVersion, CancellationToken cancel)
    {
        if (await tasks.Grain(taskId).Remove(ifVersion) is { } refusal) throw RefusedException.Order(refusal);
        try
        {
            await grains.GetGrain<IRemovedTasksGrain>(0).Clear(taskId).WaitAsync(Patience, time, cancel);
        }
        catch (Exception late) when (!cancel.IsCancellationRequested)
        {
            // The task is gone; whoever looks after removed tasks goes on with what is left of it.
            LogLate(taskId, late.Message);
        }
    }

    [LoggerMessage(LogLevel.Warning, "task {Task} is removed, but not yet all that was kept of it ({Why}); this goes on by itself")]
    private partial void LogLate(string task, string why);
}
