using System.Collections.Immutable;
using Ampx.Core.Api;

namespace Ampx.Tests.Gateway;

/// <summary>A queue with the places and workers that it was given; silent when told to be.</summary>
internal sealed class FakeQueue : IQueueGrain
{
    public Dictionary<string, int> Places { get; } = [];
    public QueueOverview Now { get; set; } = new(new(0, 0, 0), []);
    public bool Silent { get; set; }
    public Exception? Trouble { get; set; }
    public List<string> Asked { get; } = [];

    /// <summary>Completes when places are next asked for.</summary>
    public TaskCompletionSource Question { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<ImmutableDictionary<string, int>> PositionsOf(ImmutableArray<string> taskIds)
    {
        Asked.Add(string.Join(",", taskIds));
        Question.TrySetResult();
        if (Trouble is not null) return Task.FromException<ImmutableDictionary<string, int>>(Trouble);
        if (Silent) return new TaskCompletionSource<ImmutableDictionary<string, int>>().Task;
        return Task.FromResult(Places.Where(place => taskIds.Contains(place.Key)).ToImmutableDictionary());
    }

    public Task<QueueOverview> Overview() => Task.FromResult(Now);

    public Task<WorkerDrain?> Drain(string worker)
    {
        var known = Now.Workers.FirstOrDefault(one => one.Name == worker);
        if (known is null) return Task.FromResult<WorkerDrain?>(null);
        Now = Now with { Workers = Now.Workers.Replace(known, known with { Draining = true }) };
        return Task.FromResult<WorkerDrain?>(new(worker, true, known.Busy));
    }
}
