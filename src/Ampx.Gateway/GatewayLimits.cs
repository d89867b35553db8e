using Ampx.Gateway.Auth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway;

/// <summary>How large requests may be, how long they may take, and how answers are made small.</summary>
internal static class GatewayLimits
{
    private const string Long = "long";

    private static readonly TimeSpan LongTime = TimeSpan.FromMinutes(10);

    public static IServiceCollection AddLimits(this IServiceCollection services)
    {
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = GatewaySetup.MaxBody;
        });
        services.AddRequestTimeouts();
        services.AddOptions<RequestTimeoutOptions>().Configure<IOptions<GatewayOptions>>((timeouts, gateway) =>
        {
            timeouts.DefaultPolicy = Policy(gateway.Value.RequestTimeout);
            timeouts.AddPolicy(Long, Policy(LongTime));
        });
        // Event streams aren't among its types: they go out at once, as they are. No answer mixes a secret with what a stranger chose, so TLS is no reason against it.
        services.AddResponseCompression(compression =>
        {
            compression.EnableForHttps = true;
            compression.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, "application/problem+json", "text/x-diff"];
        });
        return services;
    }

    /// <summary>Its work may be long: a fetch of a large repository, a look at everything.</summary>
    public static RouteHandlerBuilder TakesLong(this RouteHandlerBuilder route) => route.WithMetadata(new RequestTimeoutAttribute(Long));

    /// <summary>It goes on for as long as its reader likes, and a token has so many of them at once.</summary>
    public static RouteHandlerBuilder IsStream(this RouteHandlerBuilder route) => route.TakesItsTime().RequireRateLimiting(RequestRate.Streams);

    /// <summary>No limit fits its work.</summary>
    public static RouteHandlerBuilder TakesItsTime(this RouteHandlerBuilder route) => route.WithMetadata(new DisableRequestTimeoutAttribute());

    private static RequestTimeoutPolicy Policy(TimeSpan time) => new()
    {
        Timeout = time,
        TimeoutStatusCode = StatusCodes.Status503ServiceUnavailable,
        WriteTimeoutResponse = http => Problems.WriteLate(http, time),
    };
}
