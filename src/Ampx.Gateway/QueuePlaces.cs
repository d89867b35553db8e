using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;

namespace Ampx.Gateway;

/// <summary>Tasks for users, those that wait with their place in the queue.</summary>
internal sealed partial class QueuePlaces(IGrainFactory grains, TimeProvider time, ILogger<QueuePlaces> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>In the same order. A queue that is silent or in trouble costs the places, never the tasks.</summary>
    public async Task<IReadOnlyList<TaskView>> Of(IReadOnlyList<TaskState> tasks, CancellationToken cancel)
    {
        var waiting = tasks.Where(task => TaskMachine.Next(task) is RequestWorker).Select(task => task.Id).ToArray();
        if (waiting.Length == 0) return [.. tasks.Select(task => TaskView.Of(task))];
        try
        {
            var places = await grains.GetGrain<IQueueGrain>(0).PositionsOf([.. waiting]).WaitAsync(Patience, time, cancel);
            return [.. tasks.Select(task => TaskView.Of(task, waiting.Contains(task.Id) && places.TryGetValue(task.Id, out var place) ? place : null))];
        }
        catch (Exception silent) when (!cancel.IsCancellationRequested)
        {
            LogSilent(silent.Message);
            return [.. tasks.Select(task => TaskView.Of(task))];
        }
    }

    [LoggerMessage(LogLevel.Warning, "tasks are shown without their places: the queue gave none ({Why})")]
    private partial void LogSilent(string why);
}
