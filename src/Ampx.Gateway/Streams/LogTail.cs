using Ampx.Core.Logs;
using Ampx.Core.Tasks;

namespace Ampx.Gateway.Streams;

/// <summary>
/// The one reader of a followed task's newest entries on this gateway. It keeps the last few, ready to send, for all who keep up; whoever
/// falls behind them reads storage by himself. It never waits for a follower.
/// </summary>
internal sealed class LogTail : IDisposable
{
    /// <summary>Entries and characters that are read at once.</summary>
    public const int Page = 1000, PageCharacters = 64 * 1024;

    /// <summary>What is kept at most, in bytes and in blocks.</summary>
    internal const int MostBytes = 1024 * 1024, MostBlocks = 256;

    private static readonly TimeSpan LookAtTask = TimeSpan.FromMilliseconds(250);

    private readonly Lock gate = new();
    private readonly List<LogBlock> kept = [];
    private readonly CancellationTokenSource stop = new();
    private TaskCompletionSource news = Signal();
    private long? last;
    private int bytes;
    private bool over;
    private Status? ended;
    private Exception? trouble;

    private readonly CancellationToken stopped;

    private LogTail() => stopped = stop.Token;

    /// <summary>Begins behind the entries that are there.</summary>
    public static LogTail Begin(ILogReader logs, ITaskGrain task, string taskId, TimeProvider time, Action<LogTail> isOver)
    {
        var tail = new LogTail();
        _ = Task.Run(() => tail.Run(logs, task, taskId, time, isOver));
        return tail;
    }

    /// <summary>Reads no more; for a tail that nobody follows.</summary>
    public void Dispose()
    {
        stop.Cancel();
        stop.Dispose();
    }

    /// <summary>What a follower that has everything up to <paramref name="after"/> does next.</summary>
    /// <exception cref="IOException">The tail couldn't read on.</exception>
    public TailStep Next(long after)
    {
        lock (gate)
        {
            if (trouble is not null) throw new IOException("the log can't be read on", trouble);
            if (last is not { } end) return new(news.Task);
            var floor = kept.Count > 0 ? kept[0].First - 1 : end;
            if (after < floor) return new(news.Task) { Behind = floor };
            if (after < end) return new(news.Task) { Block = kept[Holding(after + 1)] };
            return new(news.Task) { Over = over, Ended = ended };
        }
    }

    private int Holding(long seq)
    {
        var (low, high) = (0, kept.Count - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (kept[middle].Last < seq) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private async Task Run(ILogReader logs, ITaskGrain task, string taskId, TimeProvider time, Action<LogTail> isOver)
    {
        try
        {
            var newest = await logs.Read(taskId, new(Limit: 1, Tail: 1), stopped);
            var end = newest.Count > 0 ? newest[^1].Seq : 0;
            Tell(() => last = end);
            var looked = long.MinValue;
            for (Status? seen = null; ;)
            {
                var entries = await logs.Read(taskId, new(end, Page) { Characters = PageCharacters }, stopped);
                if (entries.Count > 0)
                {
                    var block = LogBlock.Of(entries);
                    end = block.Last;
                    Tell(() => Keep(block));
                    continue;
                }

                if (seen is not null) // before this last, empty read
                {
                    isOver(this);
                    Tell(() => (over, ended) = (true, seen));
                    return;
                }

                // Without news there is nothing to read, only the task to look at.
                do
                {
                    if (looked != long.MinValue && time.GetElapsedTime(looked) < LookAtTask) continue;
                    looked = time.GetTimestamp();
                    if (await task.Find() is not { } now)
                    {
                        isOver(this);
                        Tell(() => over = true);
                        return;
                    }

                    if (now.Ended) seen = now.Status;
                }
                while (seen is null && !await News(logs, taskId, end, time));
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
        }
        catch (Exception problem)
        {
            // Each follower's request ends with it, and comes back to a new tail.
            isOver(this);
            Tell(() => trouble = problem);
        }
    }

    /// <summary>Waits for entries, but not longer than until the task should be looked at again.</summary>
    /// <returns>Whether there may be entries.</returns>
    private async Task<bool> News(ILogReader logs, string taskId, long after, TimeProvider time)
    {
        using var pause = new CancellationTokenSource(LookAtTask, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, stopped);
        try
        {
            await logs.Changed(taskId, after, either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!stopped.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Keep(LogBlock block)
    {
        kept.Add(block);
        last = block.Last;
        bytes += block.Size;
        var old = 0;
        for (; old < kept.Count - 1 && (bytes > MostBytes || kept.Count - old > MostBlocks); old++) bytes -= kept[old].Size;
        kept.RemoveRange(0, old);
    }

    private void Tell(Action change)
    {
        TaskCompletionSource told;
        lock (gate)
        {
            change();
            (told, news) = (news, Signal());
        }

        told.TrySetResult();
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A follower's next step. With nothing else set: wait for <see cref="News"/>.</summary>
internal readonly record struct TailStep(Task News)
{
    /// <summary>Send from this.</summary>
    public LogBlock? Block { get; init; }

    /// <summary>Read storage up to here: the tail has no older entries.</summary>
    public long? Behind { get; init; }

    /// <summary>Nothing more will come, since the task ended as <see cref="Ended"/> or is gone.</summary>
    public bool Over { get; init; }

    public Status? Ended { get; init; }
}
