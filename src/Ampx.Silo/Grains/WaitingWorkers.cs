using Ampx.Core.Tasks;

namespace Ampx.Silo.Grains;

/// <summary>Workers that have asked for a run and wait for the answer. Not thread-safe.</summary>
internal sealed class WaitingWorkers(TimeProvider clock)
{
    private static readonly TimeSpan LongPoll = TimeSpan.FromSeconds(2);

    private readonly List<(string Worker, RunKind Kind, TaskCompletionSource<QueueEntry?> Answer)> waiting = [];

    /// <summary>
    /// Answers a question of the worker's that it has given up, whose word of that hasn't come yet: it asks once at a time for each kind, and what it were given would be
    /// lost for a while.
    /// </summary>
    public void Dismiss(string worker, RunKind kind)
    {
        foreach (var earlier in waiting.Where(taker => taker.Worker == worker && taker.Kind == kind)) earlier.Answer.TrySetResult(null);
    }

    /// <summary>What is found for the worker within a few seconds; else null.</summary>
    public async Task<QueueEntry?> Wait(string worker, RunKind kind, CancellationToken cancel)
    {
        var answer = new TaskCompletionSource<QueueEntry?>(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.Add((worker, kind, answer));
        // No timer of the grain: a queue that is to end (a silo's death took its place in the directory, its own silo stops) takes no more of these, and yet waits for this call,
        // for half a minute in which nobody is answered.
        using var timer = clock.CreateTimer(_ => answer.TrySetResult(null), null, LongPoll, Timeout.InfiniteTimeSpan);
        // A worker that stops takes its question back: it must not hold up the silo's own stop, nor swallow an entry.
        using var taken = cancel.Register(() => answer.TrySetResult(null));
        try
        {
            return await answer.Task;
        }
        finally
        {
            waiting.RemoveAll(taker => taker.Answer == answer);
        }
    }

    /// <summary>Gives each who waits what <paramref name="next"/> finds for it.</summary>
    /// <param name="giveBack">Gets what nobody waited for any more.</param>
    public void Serve(Func<string, RunKind, QueueEntry?> next, Action<QueueEntry> giveBack)
    {
        foreach (var (worker, kind, answer) in waiting.ToList())
            if (!answer.Task.IsCompleted && next(worker, kind) is { } entry && !answer.TrySetResult(entry)) giveBack(entry);
    }
}
