using System.Runtime.CompilerServices;
using Ampx.Core.Api;

namespace Ampx.Cli;

/// <summary>
/// Tasks as they change. Asks again and again for now, with an ETag so that nothing new costs nothing; whoever uses it sees a stream, so
/// that <c>GET /tasks/stream</c> can take the asking's place here alone.
/// </summary>
internal sealed class TaskWatch(AmpxClient client, TimeProvider clock)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Told when the service stops answering, and with null when it answers again.</summary>
    public Action<string?>? Lost { get; set; }

    /// <summary>The task as it is, then each change, at last the task as it ended.</summary>
    public async IAsyncEnumerable<TaskView> One(string id, [EnumeratorCancellation] CancellationToken cancel)
    {
        var task = await client.Get(id, cancel);
        yield return task;
        var pause = Shortest;
        while (!Output.Words.HasEnded(task))
        {
            await Task.Delay(pause, clock, cancel);
            var news = await Patiently(() => client.GetIfChanged(task.Id, task.Version, cancel), cancel);
            // Some service may answer in full without asking whether anything is new.
            var isNew = news is not null && news.Version != task.Version;
            pause = isNew ? Shortest : Slower(pause);
            if (!isNew) continue;
            task = news!;
            yield return task;
        }
    }

    /// <summary>The matching tasks as they are, then again whenever one of them changed or moved up in the queue.</summary>
    public async IAsyncEnumerable<IReadOnlyList<TaskView>> Many(TaskQuery query, [EnumeratorCancellation] CancellationToken cancel)
    {
        var page = (await client.List(query, null, cancel)).Tasks;
        yield return page;
        while (true)
        {
            await Task.Delay(Longest, clock, cancel);
            var next = (await Patiently(() => client.List(query, null, cancel), cancel)).Tasks;
            if (next.Select(Key).SequenceEqual(page.Select(Key))) continue;
            page = next;
            yield return page;
        }

        static (string, int, int?) Key(TaskView task) => (task.Id, task.Version, task.QueuePosition);
    }

    private static TimeSpan Slower(TimeSpan pause) => pause * 1.5 < Longest ? pause * 1.5 : Longest;

    /// <summary>A service that restarts is waited for: the task goes on when it is back.</summary>
    public async Task<T> Patiently<T>(Func<Task<T>> ask, CancellationToken cancel)
    {
        var since = clock.GetTimestamp();
        for (var told = false; ;)
        {
            try
            {
                var answer = await ask();
                if (told) Lost?.Invoke(null);
                return answer;
            }
            catch (CliError e) when (e.Exit == ExitCode.Unreachable && clock.GetElapsedTime(since) < Patience)
            {
                if (!told) Lost?.Invoke(e.Message);
                told = true;
                await Task.Delay(Longest, clock, cancel);
            }
        }
    }
}
