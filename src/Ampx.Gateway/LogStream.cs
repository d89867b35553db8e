using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;

namespace Ampx.Gateway;

/// <summary>One follower of one task's log: every entry once, in order, then the end.</summary>
internal sealed class LogStream(SseWriter events, ILogReader logs, ITaskGrain task, string taskId, LogQuery query, TimeProvider time)
{
    private const int Page = 1000;
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookAtTask = TimeSpan.FromMilliseconds(250);

    /// <summary>Sends until the task has ended and everything of it is sent.</summary>
    public async Task Run(CancellationToken cancel)
    {
        await events.Open(cancel);
        var after = query.After;
        var looked = long.MinValue;
        Status? ended = null;
        while (true)
        {
            // Read everything and choose here, so that the place in the log moves on over entries that aren't wanted.
            var entries = await logs.Read(taskId, new(after, Page), cancel);
            foreach (var entry in entries.Where(Wanted)) events.Add("log", entry, entry.Seq);
            if (entries.Count > 0)
            {
                after = entries[^1].Seq;
                await events.Flush(cancel);
                continue;
            }

            if (ended is { } status) // seen before this last, empty read
            {
                events.Add("end", new StreamEnd(status));
                await events.Flush(cancel);
                return;
            }

            if (looked == long.MinValue || time.GetElapsedTime(looked) >= LookAtTask)
            {
                looked = time.GetTimestamp();
                if (await task.Find() is not { } now) return;
                if (now.Ended) ended = now.Status;
            }

            await News(after, cancel);
            if (events.Quiet >= Silence) await events.Comment(cancel);
        }
    }

    private bool Wanted(LogEntry entry) =>
        (query.Sources is null || query.Sources.Contains(entry.Source))
        && (query.Attempt is null || query.Attempt == entry.Attempt)
        && (query.Since is null || entry.Time >= query.Since);

    /// <summary>Waits for entries, but not longer than until the task should be looked at again.</summary>
    private async Task News(long after, CancellationToken cancel)
    {
        using var pause = new CancellationTokenSource(LookAtTask, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(pause.Token, cancel);
        try
        {
            await logs.Changed(taskId, after, either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
        }
    }
}
