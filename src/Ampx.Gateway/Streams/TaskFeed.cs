using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;

namespace Ampx.Gateway.Streams;

/// <summary>The one reader of all tasks' changes on this gateway, while anyone follows them: a query each 200 ms, however many follow.</summary>
internal sealed partial class TaskFeed(ITaskChanges changes, TimeProvider time, ILogger<TaskFeed> log)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly Lock gate = new();
    private readonly HashSet<TaskInbox> inboxes = [];
    private TaskCompletionSource joined = Signal();
    private bool reading;

    /// <summary>From when this completes on every change lands in the inbox, until that is disposed.</summary>
    public async Task<TaskInbox> Follow(CancellationToken cancel)
    {
        var inbox = new TaskInbox(Leave);
        lock (gate)
        {
            inboxes.Add(inbox);
            joined.TrySetResult();
            if (!reading) _ = Task.Run(Read, CancellationToken.None);
            reading = true;
        }

        try
        {
            await inbox.Connected.WaitAsync(cancel);
            return inbox;
        }
        catch
        {
            inbox.Dispose();
            throw;
        }
    }

    private void Leave(TaskInbox inbox)
    {
        lock (gate) inboxes.Remove(inbox);
    }

    private async Task Read()
    {
        long? mark = null;
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var told = false; ;)
        {
            TaskInbox[] all;
            Task another;
            lock (gate)
            {
                all = [.. inboxes];
                another = (joined = Signal()).Task;
                reading = all.Length > 0;
                if (!reading) return;
            }

            try
            {
                if (mark is { } from)
                {
                    var found = await changes.Since(from, CancellationToken.None);
                    // What the last look had may come again; only it may.
                    var news = found.Tasks.Where(task => last.GetValueOrDefault(task.Id) != task.Version).ToList();
                    (mark, last) = (found.Mark, found.Tasks.ToDictionary(task => task.Id, task => task.Version, StringComparer.Ordinal));
                    foreach (var inbox in all) inbox.Put(news);
                    told = false;
                    if (news.Count > 0) continue;
                }
                else
                {
                    mark = await changes.Now(CancellationToken.None);
                    // Those that came first: all that is committed from here on reaches them.
                    foreach (var inbox in all) inbox.Put([]);
                }
            }
            catch (Exception trouble)
            {
                // A database that is away for a while: nothing is lost, the mark stays.
                if (!told) Trouble(trouble);
                told = true;
                foreach (var inbox in all) inbox.Fail(trouble);
            }

            // One that comes is connected by a whole look, and needn't wait for the next one.
            await another.WaitAsync(Pause, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(LogLevel.Warning, "The changes of tasks can't be read now; those who follow them wait")]
    private partial void Trouble(Exception why);
}

/// <summary>What a follower hasn't taken yet: of each task the newest only.</summary>
internal sealed class TaskInbox(Action<TaskInbox> leave) : IDisposable
{
    /// <summary>So many tasks may wait; a follower that is slower than that must begin anew.</summary>
    private const int Most = 10_000;
    private readonly Lock gate = new();
    private readonly TaskCompletionSource connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Dictionary<string, TaskState> waiting = new(StringComparer.Ordinal);
    private TaskCompletionSource news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Connected => connected.Task;

    /// <summary>Completes when there is something to take.</summary>
    public Task News
    {
        get
        {
            lock (gate) return news.Task;
        }
    }

    /// <summary>Whether too much waits: the follower's stream ends then.</summary>
    public bool Overflows { get; private set; }

    public void Put(IReadOnlyList<TaskState> changed)
    {
        connected.TrySetResult();
        if (changed.Count == 0) return;
        TaskCompletionSource told;
        lock (gate)
        {
            foreach (var task in changed) waiting[task.Id] = task;
            if (waiting.Count > Most) (Overflows, waiting) = (true, new(StringComparer.Ordinal));
            told = news;
        }

        told.TrySetResult();
    }

    /// <summary>Who isn't connected yet is told at once.</summary>
    public void Fail(Exception trouble) => connected.TrySetException(trouble);

    public IReadOnlyCollection<TaskState> Take()
    {
        lock (gate)
        {
            var taken = waiting.Values;
            (waiting, news) = (new(StringComparer.Ordinal), new(TaskCreationOptions.RunContinuationsAsynchronously));
            return taken;
        }
    }

    public void Dispose() => leave(this);
}
