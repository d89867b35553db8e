using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Gateway.Auth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway;

/// <summary>Tasks over REST.</summary>
internal static class TasksApi
{
    public static void MapTasks(this IEndpointRouteBuilder api)
    {
        api.MapPost("/tasks", Start).Accepts<StartTask>("application/json");
        api.MapGet("/tasks", List);
        api.MapGet("/tasks/{id}", Show);
        api.MapPatch("/tasks/{id}", Change).Accepts<ChangeTask>("application/json");
        api.MapGet("/tasks/{id}/timeline", Timeline);
        api.MapGet("/tasks/{id}/attempts", Attempts);
        api.MapGet("/tasks/{id}/diff", Diff);
    }

    private static async Task<Created<TaskView>> Start(HttpContext http, IServiceFacts facts, TaskLookup tasks, IOptions<GatewayOptions> options, CancellationToken cancel)
    {
        var request = (await JsonBody.Read<StartTask>(http.Request, cancel)).Checked();
        var (order, refusal) = await facts.Check(request, http.Caller().Name, cancel);
        if (order is null) throw RefusedException.NewTask(refusal!);
        var task = await tasks.Grain(order.Id).Create(order);
        http.Response.Headers.ETag = EntityTags.Of(task);
        return TypedResults.Created($"{options.Value.PublicUrl?.GetLeftPart(UriPartial.Path).TrimEnd('/')}{GatewaySetup.ApiBase}/tasks/{task.Id}", TaskView.Of(task));
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
        var order = (await JsonBody.Read<ChangeTask>(http.Request, cancel)).ToOrder() with { By = http.Caller().Name };
        var task = await tasks.Find(id, cancel);
        var grain = tasks.Grain(task.Id);
        var expected = EntityTags.Expected(http.Request, task);
        if (order is ContinueRequested && TaskMachine.WhyNot(task, order) is null && await facts.WhyBranchGone(task, cancel) is { } gone) throw RefusedException.Order(gone);
        if (await grain.Order(order, expected) is { } refusal) throw RefusedException.Order(refusal);
        if (order is MergeRequested || (order is AbortRequested && task.Ended)) await merge.For(grain, cancel);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<Timeline>> Timeline(string id, TaskLookup tasks, ITaskIndex index, CancellationToken cancel) =>
        TypedResults.Ok(new Timeline(await index.Timeline(await tasks.Id(id, cancel), cancel)));

    private static async Task<Ok<AttemptList>> Attempts(string id, TaskLookup tasks, ITaskIndex index, CancellationToken cancel) =>
        TypedResults.Ok(new AttemptList(await index.Attempts(await tasks.Id(id, cancel), cancel)));

    private static async Task<ContentHttpResult> Diff(string id, TaskLookup tasks, IServiceFacts facts, CancellationToken cancel) =>
        TypedResults.Text(await facts.Diff(await tasks.Find(id, cancel), cancel), "text/x-diff; charset=utf-8");
}
