using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;

namespace Ampx.Gateway;

/// <summary>How far tasks are in work whose end is known, for those who watch.</summary>
internal sealed partial class WorkProgress(TaskLookup tasks, TimeProvider time, ILogger<WorkProgress> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>The task may be in such work: a clone, or CI.</summary>
    public static bool IsKnownOf(TaskState task) => task.Phase is Phase.Preparing or Phase.WaitingForCi;

    /// <summary>Null if nothing is known; a silent task costs the watcher nothing else.</summary>
    public async Task<TaskProgress?> Of(string taskId, CancellationToken cancel)
    {
        try
        {
            return await tasks.Grain(taskId).Progress().WaitAsync(Patience, time, cancel);
        }
        catch (Exception silent) when (!cancel.IsCancellationRequested)
        {
            LogSilent(taskId, silent.Message);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Debug, "task {Task} doesn't say how far it is ({Why})")]
    private partial void LogSilent(string task, string why);
}
