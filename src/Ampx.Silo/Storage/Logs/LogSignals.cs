using System.Data.Common;

namespace Ampx.Silo.Storage.Logs;

/// <summary>
/// Tells followers that a task's log has grown: at once when this process wrote it, else by a look at the database each 100 ms, one for all
/// tasks that are waited for.
/// </summary>
public sealed class LogSignals : IDisposable
{
    private static readonly TimeSpan TickTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Followed> followed = new(StringComparer.Ordinal);
    private readonly DbDataSource readers;
    private readonly TimeProvider clock;
    private readonly ITimer timer;
    private bool armed;

    /// <summary>Starts without followers, and so without looking.</summary>
    public LogSignals(DbDataSource readers, TimeProvider clock)
    {
        (this.readers, this.clock) = (readers, clock);
        timer = clock.CreateTimer(_ => _ = Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A task's log now reaches to <paramref name="lastSeq"/>.</summary>
    public void Raise(string taskId, long lastSeq)
    {
        lock (gate)
        {
            if (followed.TryGetValue(taskId, out var task) && lastSeq > task.LastSeq) task.Grow(lastSeq);
        }
    }

    /// <summary>
    /// Completes when the log may reach beyond <paramref name="after"/>: at once if this process wrote so much since the task was first asked
    /// for; with the next look if it was written before, or elsewhere.
    /// </summary>
    public async Task Changed(string taskId, long after, CancellationToken cancel)
    {
        Followed? task;
        Task growth;
        lock (gate)
        {
            if (!followed.TryGetValue(taskId, out task)) followed[taskId] = task = new();
            if (task.LastSeq > after) return;
            task.Waiting++;
            growth = task.Growth;
            if (!armed) timer.Change(TickTime, Timeout.InfiniteTimeSpan);
            armed = true;
        }

        try
        {
            await growth.WaitAsync(cancel);
        }
        finally
        {
            lock (gate) (task.Waiting, task.LeftAt) = (task.Waiting - 1, clock.GetTimestamp());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => timer.Dispose();

    private async Task Look()
    {
        List<string> waited;
        lock (gate)
        {
            foreach (var (taskId, task) in followed)
            {
                if (task.Waiting == 0 && clock.GetElapsedTime(task.LeftAt) > Forgotten) followed.Remove(taskId);
            }

            waited = [.. followed.Where(task => task.Value.Waiting > 0).Select(task => task.Key)];
            armed = waited.Count > 0;
            if (!armed) return;
        }

        try
        {
            foreach (var (taskId, lastSeq) in await LogTable.Reach(readers, waited, CancellationToken.None)) Raise(taskId, lastSeq);
        }
        catch (Exception)
        {
            // A database that doesn't answer: each follower's own reading meets it, and tells whom it concerns.
            lock (gate)
            {
                foreach (var taskId in waited) followed.GetValueOrDefault(taskId)?.Wake();
            }
        }

        timer.Change(TickTime, Timeout.InfiniteTimeSpan);
    }

    private sealed class Followed
    {
        private TaskCompletionSource grown = Signal();

        public int Waiting { get; set; }

        public long LeftAt { get; set; }

        public long LastSeq { get; private set; }

        public Task Growth => grown.Task;

        public void Grow(long seq)
        {
            LastSeq = seq;
            Wake();
        }

        public void Wake()
        {
            grown.TrySetResult();
            grown = Signal();
        }

        private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
