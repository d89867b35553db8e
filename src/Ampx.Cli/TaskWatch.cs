using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Ampx.Cli.Output;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Logs;

namespace Ampx.Cli;

/// <summary>Tasks as they change, told by the service's stream. A connection that breaks off is taken up again, and nothing is missed: each begins with the tasks as they are.</summary>
internal sealed class TaskWatch(AmpxClient client, TimeProvider clock)
{
    /// <summary>Before a connection that ended is taken up again.</summary>
    public static readonly TimeSpan Again = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan AgainWithoutAnswer = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Told once when the service stops answering, and with null when it answers again.</summary>
    public Action<string?> Lost { get; set; } = why => Terminal.Say(why ?? "The service answers again.");

    /// <summary>The task as it is, then each change, at last the task as it ended.</summary>
    public async IAsyncEnumerable<TaskView> One(string id, [EnumeratorCancellation] CancellationToken cancel)
    {
        var task = await Patiently(() => client.Get(id, cancel), cancel);
        yield return task;
        if (Words.HasEnded(task)) yield break;
        await foreach (var news in News(new TaskQuery(Owner: "all") { Id = task.Id }, cancel))
        {
            if (news.Task is not { } now || now.Version < task.Version || (now.Version, now.QueuePosition, now.Progress) == (task.Version, task.QueuePosition, task.Progress)) continue;
            task = now;
            yield return task;
            if (Words.HasEnded(task)) yield break;
        }
    }

    /// <summary>The matching tasks as they are, newest first, then again whenever one of them changed or moved up in the queue.</summary>
    public async IAsyncEnumerable<IReadOnlyList<TaskView>> Many(TaskQuery query, [EnumeratorCancellation] CancellationToken cancel)
    {
        var statuses = query.Status?.Split(',', StringSplitOptions.TrimEntries);
        SortedDictionary<string, TaskView> tasks = new(Comparer<string>.Create((one, other) => string.CompareOrdinal(other, one)));
        var ready = false;
        await foreach (var news in News(query, cancel))
        {
            if (news.Begins) (ready, tasks) = (false, new(tasks.Comparer));
            if (news.Task is { } task)
            {
                if (statuses?.Contains(AmpxJson.Word(task.Status)) is false) tasks.Remove(task.Id);
                else tasks[task.Id] = task;
                while (tasks.Count > (query.Limit ?? int.MaxValue)) tasks.Remove(tasks.Keys.Last());
            }

            ready |= news.IsReady;
            if (ready) yield return [.. tasks.Values];
        }
    }

    /// <summary>Hands on the task's last line and each that comes, until the task has ended or <paramref name="cancel"/>.</summary>
    public Task Lines(string id, Action<LogEntry> write, CancellationToken cancel) => new LogFollower(client, this).Follow(id, new LogSelection(Tail: 1), write, cancel);

    /// <summary>A service that restarts is waited for: the task goes on when it is back. One that never served isn't: most likely none is there.</summary>
    public async Task<T> Patiently<T>(Func<Task<T>> ask, CancellationToken cancel)
    {
        var since = clock.GetTimestamp();
        for (var told = false; ;)
        {
            try
            {
                var answer = await ask();
                if (told) Lost(null);
                return answer;
            }
            catch (CliError e) when ((e.Exit == ExitCode.Unreachable || e.Problem.Status == 429) && client.HasServed && clock.GetElapsedTime(since) < Patience)
            {
                if (!told) Lost($"{e.Message} Waiting for it to come back.");
                told = true;
                await Task.Delay(AgainWithoutAnswer, clock, cancel);
            }
        }
    }

    /// <summary>What the stream tells, over as many connections as it takes.</summary>
    private async IAsyncEnumerable<Told> News(TaskQuery query, [EnumeratorCancellation] CancellationToken cancel)
    {
        while (true)
        {
            await using (var events = await Patiently(() => Connect(query, cancel), cancel))
            {
                yield return new(Begins: true);
                do
                {
                    if (events.Current.EventType == "ready") yield return new(IsReady: true);
                    else if (events.Current.EventType == "task") yield return new(JsonSerializer.Deserialize(events.Current.Data, CliJson.Compact.TaskView));
                }
                while (await Next(events, cancel));
            }

            await Task.Delay(Again, clock, cancel);
        }
    }

    /// <summary>A connection that has told its first event: there is one at least, <c>ready</c>.</summary>
    private async Task<IAsyncEnumerator<SseItem<string>>> Connect(TaskQuery query, CancellationToken cancel)
    {
        var events = (await client.TaskEvents(query, cancel)).GetAsyncEnumerator(cancel);
        try
        {
            if (await Next(events, cancel)) return events;
        }
        catch
        {
            await events.DisposeAsync();
            throw;
        }

        await events.DisposeAsync();
        throw CliError.Unreachable($"{client.Server.GetLeftPart(UriPartial.Authority)} ended the connection.");
    }

    private static async Task<bool> Next(IAsyncEnumerator<SseItem<string>> events, CancellationToken cancel)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception e) when (e is HttpRequestException or IOException && !cancel.IsCancellationRequested)
        {
            return false; // Broken off: the next connection begins with all as it is then.
        }
    }

    private readonly record struct Told(TaskView? Task = null, bool Begins = false, bool IsReady = false);
}
