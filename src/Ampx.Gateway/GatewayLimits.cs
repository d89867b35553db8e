using Ampx.Gateway.Auth;
using Ampx.Gateway.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
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
            kestrel.Limits.MaxRequestBodySize = GitHubWebhooks.MaxBody;
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

    /// <summary>
    /// Refuses a body over <see cref="GatewaySetup.MaxBody"/>, but for GitHub's deliveries. Kestrel's own limit is higher: it breaks off the connection over a body
    /// that it won't read to its end, often before the answer has arrived.
    /// </summary>
    public static Task RefuseLargeBody(HttpContext http, RequestDelegate next)
    {
        if (http.Request.Path.Equals(GitHubWebhooks.Path, StringComparison.Ordinal)) return next(http);
        if (http.Request.ContentLength > GatewaySetup.MaxBody) return Problems.Write(http, Problems.For(http, StatusCodes.Status413PayloadTooLarge));
        // One that doesn't tell its length is counted.
        if (http.Request.ContentLength is null && http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = GatewaySetup.MaxBody;
        return next(http);
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
