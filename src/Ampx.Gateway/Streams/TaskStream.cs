using Ampx.Core.Api;
using Ampx.Core.Tasks;

namespace Ampx.Gateway.Streams;

/// <summary>
/// One follower of tasks: those that match, <c>ready</c>, then each that changes. A task whose status doesn't match any more is sent once
/// more, so that whoever shows it knows. Places in the queue move without a change of the task; such a task is sent again too.
/// </summary>
internal sealed class TaskStream(SseWriter events, TaskInbox inbox, QueuePlaces places, WorkProgress progress, TimeProvider time, TaskFilter filter, HashSet<string>? ids)
{
    private const int MostWaiting = 200;
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    /// <summary>The version last sent of each task that matches.</summary>
    private readonly Dictionary<string, int> shown = new(StringComparer.Ordinal);

    /// <summary>Those that wait for a worker, as they were sent.</summary>
    private readonly Dictionary<string, (TaskState Task, int? Place)> queued = new(StringComparer.Ordinal);

    /// <summary>Those of given ids in work whose end may be known, as they were sent. Of a whole list nobody watches each.</summary>
    private readonly Dictionary<string, (TaskState Task, TaskView Sent)> counted = new(StringComparer.Ordinal);

    /// <summary>Sends until the follower goes, or is so slow that it must begin anew.</summary>
    public async Task Run(IAsyncEnumerable<IReadOnlyList<TaskState>> first, CancellationToken cancel)
    {
        await foreach (var page in first.WithCancellation(cancel))
        {
            // Only now, since a refusal still needs the headers.
            if (!events.IsOpen) await events.Open(cancel);
            await Send(page, cancel);
        }

        events.Add("ready", new { });
        await events.Flush(cancel);
        while (!inbox.Overflows)
        {
            await News(cancel);
            await Send([.. inbox.Take().Where(Concerns)], cancel);
            await SendMoved(cancel);
            await SendCounted(cancel);
        }
    }

    private async Task News(CancellationToken cancel)
    {
        var news = inbox.News;
        if (queued.Count == 0 && counted.Count == 0)
        {
            await events.Wait(news, cancel);
            return;
        }

        using var look = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        try
        {
            await events.Wait(Task.WhenAny(news, Task.Delay(LookAgain, time, look.Token)), cancel);
        }
        finally
        {
            await look.CancelAsync();
        }
    }

    private bool Concerns(TaskState task)
    {
        if (shown.TryGetValue(task.Id, out var version)) return version < task.Version;
        return Matches(task);
    }

    private bool Matches(TaskState task) =>
        ids?.Contains(task.Id) is not false
        && (ids is not null || (filter.Owner ?? task.Owner) == task.Owner)
        && (filter.Repo ?? task.Repo) == task.Repo
        && filter.Statuses?.Contains(task.Status) is not false;

    private async Task Send(IReadOnlyList<TaskState> tasks, CancellationToken cancel)
    {
        if (tasks.Count == 0) return;
        var views = await places.Of(tasks, cancel);
        for (var i = 0; i < views.Count; i++)
        {
            var task = tasks[i];
            var view = Counted(task, views[i]);
            events.Add("task", view);
            if (Matches(task)) shown[task.Id] = task.Version;
            else shown.Remove(task.Id);
            if (TaskMachine.Next(task) is RequestWorker && queued.Count < MostWaiting) queued[task.Id] = (task, view.QueuePosition);
            else queued.Remove(task.Id);
        }

        await events.Flush(cancel);
    }

    /// <summary>What was known of the same step is known yet.</summary>
    private TaskView Counted(TaskState task, TaskView view)
    {
        if (ids is null || !WorkProgress.IsKnownOf(task))
        {
            counted.Remove(task.Id);
            return view;
        }

        if (counted.TryGetValue(task.Id, out var before) && before.Task.Step == task.Step) view = view with { Progress = before.Sent.Progress };
        counted[task.Id] = (task, view);
        return view;
    }

    private async Task SendCounted(CancellationToken cancel)
    {
        var moved = false;
        foreach (var (id, (task, sent)) in counted.ToList())
        {
            if (await progress.Of(id, cancel) is not { } now || now == sent.Progress) continue;
            var view = sent with { Progress = now };
            counted[id] = (task, view);
            events.Add("task", view);
            moved = true;
        }

        if (moved) await events.Flush(cancel);
    }

    private async Task SendMoved(CancellationToken cancel)
    {
        if (queued.Count == 0) return;
        var views = await places.Of([.. queued.Values.Select(waiting => waiting.Task)], cancel);
        var moved = views.Where(view => view.QueuePosition is { } place && place != queued[view.Id].Place).ToList();
        foreach (var view in moved)
        {
            events.Add("task", view);
            queued[view.Id] = (queued[view.Id].Task, view.QueuePosition);
        }

        if (moved.Count > 0) await events.Flush(cancel);
    }
}
