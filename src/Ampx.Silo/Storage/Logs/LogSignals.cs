using System.Collections.Concurrent;

namespace Ampx.Silo.Storage.Logs;

/// <summary>Tells followers that a task's log has grown: at once when this process wrote it, else by one tick that all followers share.</summary>
public sealed class LogSignals : IDisposable
{
    private static readonly TimeSpan TickTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Followed> followed = new();
    private readonly TimeProvider clock;
    private readonly ITimer timer;
    private readonly Lock ticking = new();
    private TaskCompletionSource tick = Signal();
    private bool armed;

    /// <summary>Starts without followers, and so without ticking.</summary>
    public LogSignals(TimeProvider clock)
    {
        this.clock = clock;
        timer = clock.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A task's log now reaches to <paramref name="lastSeq"/>.</summary>
    public void Raise(string taskId, long lastSeq)
    {
        if (followed.TryGetValue(taskId, out var task)) task.Raise(lastSeq);
    }

    /// <summary>
    /// Completes when the log may reach beyond <paramref name="after"/>, at the latest with the next tick; at once for a task that nobody
    /// followed just before, since what was written between the follower's reading and this call left no trace.
    /// </summary>
    public Task Changed(string taskId, long after, CancellationToken cancel)
    {
        if (!followed.TryGetValue(taskId, out var task))
        {
            followed.TryAdd(taskId, new Followed { AskedAt = clock.GetTimestamp() });
            return Task.CompletedTask;
        }

        task.AskedAt = clock.GetTimestamp();
        return task.Beyond(after) is { } growth ? Task.WhenAny(growth, NextTick()).WaitAsync(cancel) : Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    private Task NextTick()
    {
        lock (ticking)
        {
            if (!armed) timer.Change(TickTime, Timeout.InfiniteTimeSpan);
            armed = true;
            return tick.Task;
        }
    }

    private void Tick()
    {
        TaskCompletionSource due;
        lock (ticking)
        {
            (due, tick, armed) = (tick, Signal(), false);
        }

        due.TrySetResult();
        foreach (var (taskId, task) in followed)
        {
            if (clock.GetElapsedTime(task.AskedAt) > Forgotten) followed.TryRemove(taskId, out _);
        }
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Followed
    {
        private readonly Lock changing = new();
        private TaskCompletionSource grown = Signal();
        private long lastSeq;

        public long AskedAt { get; set; }

        public Task? Beyond(long after)
        {
            lock (changing) return lastSeq > after ? null : grown.Task;
        }

        public void Raise(long seq)
        {
            TaskCompletionSource done;
            lock (changing)
            {
                lastSeq = Math.Max(lastSeq, seq);
                (done, grown) = (grown, Signal());
            }

            done.TrySetResult();
        }
    }
}
