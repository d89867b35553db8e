using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Gateway.Auth;
using Ampx.Gateway.Description;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Ampx.Gateway;

/// <summary>What the service has to do, and who does it.</summary>
internal static class WorkersApi
{
    public static void MapWorkers(this IEndpointRouteBuilder api)
    {
        api.MapGet("/stats", Stats)
            .Says("getStats", "Tasks by status, what waits, who works, and how it went over time", 400);
        api.MapGet("/stats.csv", Csv)
            .Says("getStatsCsv", "How it went over time, for a spreadsheet", 400).Produces<string>(StatusCodes.Status200OK, "text/csv");
        api.MapPost("/silos/{name}/drain", Drain)
            .Says("drainSilo", "Gives a machine no new runs until it restarts; those that it has go on; admins only", 404);
    }

    private static async Task<Ok<ServiceStats>> Stats([AsParameters] StatsQuery query, ITaskIndex index, IGrainFactory grains, TimeProvider time, CancellationToken cancel)
    {
        var (since, bucket) = query.Checked(time);
        var overview = grains.GetGrain<IQueueGrain>(0).Overview();
        var counts = await index.CountByStatus(cancel);
        var (queue, workers) = await overview.WaitAsync(cancel);
        return TypedResults.Ok(new ServiceStats(Enum.GetValues<Status>().ToDictionary(AmpxJson.Word, status => counts.GetValueOrDefault(status)), queue, workers,
            StatsSeries.Of(await index.Ended(since, cancel), since, bucket, time.GetUtcNow())));
    }

    private static async Task<ContentHttpResult> Csv([AsParameters] StatsQuery query, ITaskIndex index, TimeProvider time, CancellationToken cancel)
    {
        var (since, bucket) = query.Checked(time);
        return TypedResults.Text(StatsCsv.Of(StatsSeries.Of(await index.Ended(since, cancel), since, bucket, time.GetUtcNow())), "text/csv; charset=utf-8");
    }

    private static async Task<Ok<WorkerDrain>> Drain(string name, HttpContext http, IGrainFactory grains, CancellationToken cancel)
    {
        http.MustBeAdmin();
        var queue = grains.GetGrain<IQueueGrain>(0);
        if (await queue.Drain(name).WaitAsync(cancel) is { } drain) return TypedResults.Ok(drain);
        var known = (await queue.Overview().WaitAsync(cancel)).Workers.Select(worker => worker.Name).ToList();
        throw RefusedException.NotFound($"there is no worker '{(name.Length > 64 ? $"{name[..64]}…" : name)}'; {(known.Count == 0 ? "none has been heard of lately" : $"there are: {string.Join(", ", known)}")}");
    }
}
