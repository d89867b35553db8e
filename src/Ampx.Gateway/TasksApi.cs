using System.Diagnostics;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Gateway.Auth;
using Ampx.Gateway.Description;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway;

/// <summary>Tasks over REST.</summary>
internal static class TasksApi
{
    private const string Version = "The task's version in quotes", OnlyIf = "The ETag that the task must still have: 412 if it has another";

    public static void MapTasks(this IEndpointRouteBuilder api)
    {
        api.MapPost("/tasks", Start).Accepts<StartTask>("application/json")
            .Says("startTask", "Starts a task; the same Idempotency-Key and body again within 24 hours answer 200 and the same task", 400, 409, 413, 415, 422)
            .Takes(NewTasks.Header, "Any text of the client's own, such as a UUID: a request that got no answer can be sent again")
            .Gives("Location", "Where the task is").Gives("ETag", Version);
        api.MapGet("/tasks", List)
            .Says("listTasks", "Tasks, newest first", 400);
        api.MapGet("/tasks/{id}", Show)
            .Says("getTask", "One task", 404, 409).Produces(StatusCodes.Status304NotModified).Takes("If-None-Match", "An ETag seen before: 304 while the task has it yet").Gives("ETag", Version);
        api.MapPatch("/tasks/{id}", Change).Accepts<ChangeTask>("application/json")
            .Says("changeTask", "Continues, aborts or merges a task", 400, 404, 409, 412, 413, 415).Takes("If-Match", OnlyIf);
        api.MapDelete("/tasks/{id}", Remove)
            .Says("removeTask", "Removes an ended task with everything that is kept of it: state, timeline, attempts, logs, checkout", 404, 409, 412).Takes("If-Match", OnlyIf);
        api.MapGet("/tasks/{id}/timeline", Timeline)
            .Says("getTimeline", "Every change of a task's status or phase, oldest first", 404, 409);
        api.MapGet("/tasks/{id}/attempts", Attempts)
            .Says("getAttempts", "The agent's runs, what CI said of each, and what the agent was told, to the letter", 404, 409);
        api.MapGet("/tasks/{id}/diff", Diff).TakesLong()
            .Says("getDiff", "The task's change against its base as a unified diff", 404, 409).Produces<string>(StatusCodes.Status200OK, "text/x-diff");
    }

    private static async Task<Results<Created<TaskView>, Ok<TaskView>>> Start(HttpContext http, NewTasks tasks, IOptions<GatewayOptions> options, CancellationToken cancel)
    {
        http.MustBe(Role.Member);
        var key = NewTasks.KeyOf(http.Request);
        var request = (await JsonBody.Read<StartTask>(http.Request, cancel)).Checked();
        var (task, isNew) = await tasks.Start(request, http.Caller().Name, key, cancel);
        http.Response.Headers.ETag = EntityTags.Of(task);
        var location = $"{options.Value.PublicUrl?.GetLeftPart(UriPartial.Path).TrimEnd('/')}{GatewaySetup.ApiBase}/tasks/{task.Id}";
        if (isNew) return TypedResults.Created(location, TaskView.Of(task));
        http.Response.Headers.Location = location;
        return TypedResults.Ok(TaskView.Of(task));
    }

    private static async Task<Ok<TaskList>> List([AsParameters] ListQuery query, HttpContext http, ITaskIndex index, QueuePlaces places, CancellationToken cancel)
    {
        var page = await index.List(query.Checked(http.Caller()), cancel);
        return TypedResults.Ok(new TaskList(await places.Of(page.Tasks, cancel), page.NextCursor));
    }

    private static async Task<Results<Ok<TaskView>, StatusCodeHttpResult>> Show(string id, HttpContext http, TaskLookup tasks, QueuePlaces places, CancellationToken cancel)
    {
        var task = await tasks.Find(id, cancel);
        http.Response.Headers.ETag = EntityTags.Of(task);
        if (EntityTags.SeenAlready(http.Request, task)) return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        return TypedResults.Ok((await places.Of([task], cancel))[0]);
    }

    private static async Task<NoContent> Change(string id, HttpContext http, TaskLookup tasks, IServiceFacts facts, MergeWait merge, CancellationToken cancel)
    {
        http.MustBe(Role.Member);
        var order = (await JsonBody.Read<ChangeTask>(http.Request, cancel)).ToOrder() with { By = http.Caller().Name, Trace = Activity.Current?.Id };
        var task = await tasks.Find(id, cancel);
        http.MayChange(task);
        var grain = tasks.Grain(task.Id);
        var expected = EntityTags.Expected(http.Request, task);
        if (order is ContinueRequested && TaskMachine.WhyNot(task, order) is null && await facts.WhyBranchGone(task, cancel) is { } gone) throw RefusedException.Order(gone);
        if (await grain.Order(order, expected) is { } refusal) throw RefusedException.Order(refusal);
        if (order is MergeRequested || (order is AbortRequested && task.Ended)) await merge.For(grain, cancel);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> Remove(string id, HttpContext http, TaskLookup tasks, TaskRemoval removal, CancellationToken cancel)
    {
        http.MustBe(Role.Member);
        var task = await tasks.Find(id, cancel);
        http.MayChange(task);
        await removal.Of(task.Id, EntityTags.Expected(http.Request, task), cancel);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<Timeline>> Timeline(string id, TaskLookup tasks, ITaskIndex index, CancellationToken cancel) =>
        TypedResults.Ok(new Timeline(await index.Timeline(await tasks.Id(id, cancel), cancel)));

    private static async Task<Ok<AttemptList>> Attempts(string id, TaskLookup tasks, ITaskIndex index, CancellationToken cancel) =>
        TypedResults.Ok(new AttemptList(await index.Attempts(await tasks.Id(id, cancel), cancel)));

    private static async Task<ContentHttpResult> Diff(string id, TaskLookup tasks, IServiceFacts facts, CancellationToken cancel) =>
        TypedResults.Text(await facts.Diff(await tasks.Find(id, cancel), cancel), "text/x-diff; charset=utf-8");
}
