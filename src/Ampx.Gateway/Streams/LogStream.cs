using Ampx.Core.Api;
using Ampx.Core.Logs;

namespace Ampx.Gateway.Streams;

/// <summary>One follower of one task's log: every entry once, in order, then the end.</summary>
internal sealed class LogStream(SseWriter events, LogTails tails, string taskId, LogQuery query)
{
    /// <summary>Sends until the task has ended and everything of it is sent.</summary>
    public async Task Run(CancellationToken cancel)
    {
        using var lease = tails.Follow(taskId);
        await events.Open(cancel);
        for (var after = query.After; ;)
        {
            var step = lease.Tail.Next(after);
            if (step.Block is { } block)
            {
                after = await Send(block, after, cancel);
            }
            else if (step.Behind is { } floor)
            {
                // None there: retention removed them in between.
                after = await tails.Read(taskId, after, cancel) is { } page ? await Send(page, after, cancel) : floor;
            }
            else if (step.Over)
            {
                if (step.Ended is not { } status) return;
                events.Add("end", new StreamEnd(status));
                await events.Flush(cancel);
                return;
            }
            else
            {
                await events.Wait(step.News, cancel);
            }
        }
    }

    private async Task<long> Send(LogBlock block, long after, CancellationToken cancel)
    {
        foreach (var piece in block.After(after, query))
        {
            await events.Send(piece, cancel);
        }

        return block.Last;
    }
}
