using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Gateway.Description;
using Ampx.Gateway.Streams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Ampx.Gateway;

/// <summary>A task's log, in pages and as a stream.</summary>
internal static class LogsApi
{
    public static void MapLogs(this IEndpointRouteBuilder api)
    {
        api.MapGet("/tasks/{id}/logs", Page)
            .Says("getLogs", "A page of a task's log", 400, 404, 409);
        api.MapGet("/tasks/{id}/logs/stream", Follow).IsStream()
            .Says("followLogs", "A task's log as server-sent events: log (an entry; the event's id is its seq), then end with the status once the task has ended", 400, 404, 409)
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream").Takes("Last-Event-ID", "The last event's id: goes on after it; before after=");
    }

    private static async Task<Ok<LogPage>> Page(string id, [AsParameters] LogsQuery query, TaskLookup tasks, ILogReader logs, TimeProvider time, CancellationToken cancel)
    {
        var wanted = query.Checked(time);
        var entries = await logs.Read(await tasks.Id(id, cancel), wanted, cancel);
        return TypedResults.Ok(new LogPage(entries, entries.Count > 0 ? entries[^1].Seq : wanted.After));
    }

    private static async Task Follow(
        string id, [AsParameters] FollowQuery query, HttpContext http, TaskLookup tasks, LogTails tails, TimeProvider time, IHostApplicationLifetime life)
    {
        // A service that stops lets its followers go: they come back with Last-Event-ID.
        using var until = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, life.ApplicationStopping);
        var wanted = query.Checked(http.Request.Headers["Last-Event-ID"].ToString(), time);
        var task = await tasks.Find(id, until.Token);
        var stream = new LogStream(new SseWriter(http.Response, time), tails, task.Id, wanted);
        try
        {
            await stream.Run(until.Token);
        }
        catch (OperationCanceledException) when (until.IsCancellationRequested)
        {
        }
    }
}
