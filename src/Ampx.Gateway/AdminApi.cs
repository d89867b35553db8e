using System.Globalization;
using Ampx.Core.Api;
using Ampx.Gateway.Auth;
using Ampx.Gateway.Description;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Ampx.Gateway;

/// <summary>For those who run the service.</summary>
internal static class AdminApi
{
    public static void MapAdmin(this IEndpointRouteBuilder api)
    {
        api.MapPost("/admin/check", Check).TakesLong().Accepts<CheckRequest>(isOptional: true, "application/json")
            .Says("check", "Compares what is stored with all that is derived of it, and mends it if asked to; admins only", 400, 415);
        api.MapPost("/admin/backup", Backup).TakesItsTime()
            .Says("backUp", "The databases, the token and the worker's id as one archive; admins only", 409).Produces<byte[]>(StatusCodes.Status200OK, "application/gzip");
    }

    /// <summary>Without a body nothing is repaired.</summary>
    private static async Task<Ok<CheckReport>> Check(HttpContext http, IGrainFactory grains, CancellationToken cancel)
    {
        http.MustBeAdmin();
        var request = http.Request;
        var asked = request.ContentLength is null or 0 && request.ContentType is null ? new CheckRequest() : await JsonBody.Read<CheckRequest>(request, cancel);
        return TypedResults.Ok(await grains.GetGrain<IAdminGrain>(0).Check(asked.Repair, cancel));
    }

    /// <summary>The copies are taken before the first byte is sent, so that what goes wrong with them can still be told.</summary>
    private static async Task Backup(HttpContext http, [FromServices] IServiceBackup backup, TimeProvider clock, CancellationToken cancel)
    {
        http.MustBeAdmin();
        if (backup.WhyNot is { } why) throw new RefusedException(StatusCodes.Status409Conflict, "conflict", why);
        using var copy = await backup.Take(cancel);
        http.Response.ContentType = "application/gzip";
        http.Response.Headers.ContentDisposition = $"attachment; filename=ampx-{clock.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.tar.gz";
        await copy.Write(http.Response.Body, cancel);
    }
}
