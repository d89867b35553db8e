using Ampx.Core.Tasks;
using Ampx.Gateway.Auth;
using Ampx.Gateway.Description;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Ampx.Gateway.Streams;

/// <summary>Tasks as they change, as a stream.</summary>
internal static class TaskStreamApi
{
    private const int MostIds = 100;

    public static void MapTaskStream(this IEndpointRouteBuilder api) => api.MapGet("/tasks/stream", Follow).IsStream()
        .Says("followTasks", "Tasks as server-sent events: task (each that matches, as it is), ready, then task again for each change", 400, 404, 409)
        .Produces<string>(StatusCodes.Status200OK, "text/event-stream");

    private static async Task Follow(
        [AsParameters] WatchQuery query, [FromQuery(Name = "id")] string? id, HttpContext http, TaskLookup tasks, TaskFeed feed, ITaskIndex index, ITaskChanges changes,
        QueuePlaces places, WorkProgress progress, TimeProvider time, IHostApplicationLifetime life)
    {
        using var until = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, life.ApplicationStopping);
        try
        {
            var filter = query.Checked(http.Caller());
            var ids = await Ids(id, tasks, until.Token);
            using var inbox = await feed.Follow(until.Token);
            var stream = new TaskStream(new SseWriter(http.Response, time), inbox, places, progress, time, filter, ids);
            await stream.Run(ids is null ? Pages(index, filter, QueryText.Given(query.Limit) is not null, until.Token) : Some(changes, ids, until.Token), until.Token);
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested)
        {
        }
    }

    private static async Task<HashSet<string>?> Ids(string? list, TaskLookup tasks, CancellationToken cancel)
    {
        // Given and empty it would mean all.
        if (list is null) return null;
        var parts = QueryText.Words(list) ?? [];
        var errors = new FieldErrors();
        errors.AddIf(parts.Count == 0, "id", "must be at least one id, or not be given");
        errors.AddIf(parts.Count > MostIds, "id", $"must be at most {MostIds} ids");
        errors.ThrowIfAny();
        HashSet<string> ids = new(StringComparer.Ordinal);
        foreach (var part in parts) ids.Add(await tasks.Id(part, cancel));
        return ids;
    }

    /// <summary>All that match, newest first; with a limit so many.</summary>
    private static async IAsyncEnumerable<IReadOnlyList<TaskState>> Pages(
        ITaskIndex index, TaskFilter filter, bool limited, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        for (var page = await index.List(filter, cancel); ; page = await index.List(filter with { Before = page.NextCursor }, cancel))
        {
            yield return page.Tasks;
            if (limited || page.NextCursor is null) yield break;
        }
    }

    private static async IAsyncEnumerable<IReadOnlyList<TaskState>> Some(
        ITaskChanges changes, HashSet<string> ids, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        yield return await changes.Of([.. ids], cancel);
    }
}
