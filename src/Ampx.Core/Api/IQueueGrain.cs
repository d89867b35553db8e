using System.Collections.Immutable;
using Orleans.Concurrency;

namespace Ampx.Core.Api;

/// <summary>The queue and its workers as a gateway sees them; key 0. What it says of itself is not older than the question.</summary>
[Alias("ampx.queue")]
public interface IQueueGrain : IGrainWithIntegerKey
{
    /// <summary>Those of <paramref name="taskIds"/> that wait for a slot, with their place: 1 is next.</summary>
    [Alias("PositionsOf"), AlwaysInterleave, ReadOnly]
    Task<ImmutableDictionary<string, int>> PositionsOf(ImmutableArray<string> taskIds);

    /// <summary>What waits, and who works.</summary>
    [Alias("Overview"), AlwaysInterleave, ReadOnly]
    Task<QueueOverview> Overview();

    /// <summary>From now on the worker gets no new run, until it restarts; those that it has go on. Asked again the same.</summary>
    /// <returns>Null if no such worker was heard of lately.</returns>
    [Alias("Drain")]
    Task<WorkerDrain?> Drain(string worker);
}

/// <summary>Tasks that wait: for an agent's slot, and for a CI command's.</summary>
[GenerateSerializer, Immutable, Alias("ampx.queue-length.v1")]
public sealed record QueueLength(int Length, int Agent, int Ci);

/// <summary>A machine that carries runs. <see cref="Slots"/> and <see cref="Busy"/> are agents'.</summary>
[GenerateSerializer, Immutable, Alias("ampx.worker-view.v1")]
public sealed record WorkerView(string Name, int Slots, int Busy, bool Draining, DateTimeOffset LastSeen);

/// <summary>The queue's part of <see cref="ServiceStats"/>.</summary>
[GenerateSerializer, Immutable, Alias("ampx.queue-overview.v1")]
public sealed record QueueOverview(QueueLength Queue, ImmutableArray<WorkerView> Workers);

/// <summary>Answer of <c>POST /silos/{name}/drain</c>; <see cref="Running"/> counts the worker's runs, of agents and of CI commands.</summary>
[GenerateSerializer, Immutable, Alias("ampx.worker-drain.v1")]
public sealed record WorkerDrain(string Name, bool Draining, int Running);

/// <summary>Answer of <c>GET /stats</c>; every status is there, in its order of life.</summary>
public sealed record ServiceStats(IReadOnlyDictionary<string, int> Tasks, QueueLength Queue, IReadOnlyList<WorkerView> Workers, IReadOnlyList<StatsBucket>? Series = null);
