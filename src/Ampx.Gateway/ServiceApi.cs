using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Gateway.Auth;
using Ampx.Gateway.Description;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway;

/// <summary>About the service itself.</summary>
internal static class ServiceApi
{
    public static void MapService(this IEndpointRouteBuilder api)
    {
        api.MapGet("/whoami", (HttpContext http) => TypedResults.Ok(http.Caller()))
            .Says("whoAmI", "Who is signed in, and what that allows");
        api.MapGet("/version", (IOptions<GatewayOptions> options) => TypedResults.Ok(new ServerVersion(options.Value.Version)))
            .Says("getVersion", "The service's version");
        api.MapGet("/doctor", Doctor)
            .Says("examine", "What the service's machines lack; with repo also what that repository does");
    }

    /// <summary>What the service's machine lacks; with <c>repo</c> also what that repository does.</summary>
    private static async Task<Ok<DoctorReport>> Doctor(IGrainFactory grains, string? repo, CancellationToken cancel) =>
        TypedResults.Ok(new DoctorReport(await grains.GetGrain<IDoctorGrain>(0).Examine(repo, cancel)));

    /// <summary>Alive: the process answers. Ready: what the host registered as health checks is well.</summary>
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapHealthChecks("/health/live", new() { Predicate = _ => false, ResponseWriter = Say }).AllowAnonymous();
        app.MapHealthChecks("/health/ready", new() { ResponseWriter = Say }).AllowAnonymous();
    }

    /// <summary>Names and states only: this is for everybody.</summary>
    private static Task Say(HttpContext http, HealthReport report) => http.Response.WriteAsJsonAsync(new
    {
        Status = AmpxJson.Word(report.Status),
        Checks = report.Entries.ToDictionary(check => check.Key, check => AmpxJson.Word(check.Value.Status)),
    }, AmpxJson.Options);
}
