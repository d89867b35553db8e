using Ampx.Core.Logs;
using Microsoft.Extensions.Caching.Memory;

namespace Ampx.Gateway.Streams;

/// <summary>The tails of all tasks that are followed on this gateway, each shared by its followers.</summary>
internal sealed class LogTails(ILogReader logs, TaskLookup tasks, TimeProvider time) : IDisposable
{
    private const int CatchingUp = 8;
    private const long MostPageBytes = 16 * 1024 * 1024;
    private static readonly TimeSpan PageKept = TimeSpan.FromSeconds(5);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Shared> followed = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim catchingUp = new(CatchingUp);
    private readonly MemoryCache pages = new(new MemoryCacheOptions { SizeLimit = MostPageBytes });

    /// <summary>How many tasks are followed.</summary>
    internal int Count
    {
        get
        {
            lock (gate) return followed.Count;
        }
    }

    /// <summary>The task's tail, for as long as the lease is held.</summary>
    public Lease Follow(string taskId)
    {
        lock (gate)
        {
            if (!followed.TryGetValue(taskId, out var shared))
                followed[taskId] = shared = new(LogTail.Begin(logs, tasks.Grain(taskId), taskId, time, over => Forget(taskId, over)));
            shared.Followers++;
            return new(this, taskId, shared);
        }
    }

    /// <summary>
    /// A page of storage, for a follower who is behind; null: there is none. Those who fell behind together want the same pages and share
    /// them: a service that can't keep up must not read a thousand times. A few are read at a time, so that the tails have room.
    /// </summary>
    public async Task<LogBlock?> Read(string taskId, long after, CancellationToken cancel)
    {
        if (pages.TryGetValue((taskId, after), out LogBlock? page)) return page;
        await catchingUp.WaitAsync(cancel);
        try
        {
            if (pages.TryGetValue((taskId, after), out page)) return page;
            var entries = await logs.Read(taskId, new(after, LogTail.Page) { Characters = LogTail.PageCharacters }, cancel);
            if (entries.Count == 0) return null;
            page = LogBlock.Of(entries);
            return pages.Set((taskId, after), page, new MemoryCacheEntryOptions { Size = page.Size, SlidingExpiration = PageKept });
        }
        finally
        {
            catchingUp.Release();
        }
    }

    /// <summary>A tail that is over gets no new followers: the task may be continued, and then a new one begins.</summary>
    private void Forget(string taskId, LogTail over)
    {
        lock (gate)
        {
            if (followed.TryGetValue(taskId, out var shared) && shared.Tail == over) followed.Remove(taskId);
        }
    }

    private void Leave(string taskId, Shared shared)
    {
        lock (gate)
        {
            if (--shared.Followers > 0) return;
            if (followed.GetValueOrDefault(taskId) == shared) followed.Remove(taskId);
        }

        shared.Tail.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        catchingUp.Dispose();
        pages.Dispose();
    }

    private sealed class Shared(LogTail tail)
    {
        public LogTail Tail => tail;
        public int Followers { get; set; }
    }

    /// <summary>Disposed when the follower goes.</summary>
    internal sealed class Lease : IDisposable
    {
        private readonly LogTails tails;
        private readonly string taskId;
        private readonly Shared shared;

        internal Lease(LogTails tails, string taskId, object shared) => (this.tails, this.taskId, this.shared) = (tails, taskId, (Shared)shared);

        public LogTail Tail => shared.Tail;

        public void Dispose() => tails.Leave(taskId, shared);
    }
}
