using System.Collections.Immutable;
using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Grains;

// What people and the gateway ask, and the order to drain.
public sealed partial class WorkQueueGrain
{
    public Task<IReadOnlyList<WorkerInfo>> Workers() => Task.FromResult(workers.Here);

    Task<ImmutableArray<string>> IWorkQueueGrain.Watched() => Task.FromResult(held.Ids.ToImmutableArray());

    public Task<ImmutableDictionary<string, int>> PositionsOf(ImmutableArray<string> taskIds) => Task.FromResult(taskIds
        .Select(id => (Id: id, Place: queue.PositionOf(id))).Where(task => task.Place is not null).ToImmutableDictionary(task => task.Id, task => task.Place!.Value));

    public Task<QueueOverview> Overview() => Task.FromResult(new QueueOverview(
        new(queue.Count, queue.CountOf(RunKind.Agent), queue.CountOf(RunKind.Ci)),
        [.. workers.Here.Select(worker => new WorkerView(worker.Id, worker.Report.Slots, worker.Report.Busy, worker.Draining, workers.LastSeen(worker.Id)))]));

    public Task<WorkerDrain?> Drain(string worker) => Task.FromResult(workers.Drain(worker) ? new WorkerDrain(worker, true, RunningOn(worker)) : null);

    /// <summary>With what it took and has not claimed yet: that may become a run.</summary>
    private int RunningOn(string worker) =>
        held.All.Where(run => run.Run.WorkerId == worker).Select(run => run.TaskId).Concat(offers.TasksOf(worker)).Distinct().Count();
}
