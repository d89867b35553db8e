using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Auth;

/// <summary>How many requests a token may make and how many streams it may have open in mode <c>tokens</c>, so that one user's script can't take the service from all others. Each gateway counts for itself.</summary>
internal static class RequestRate
{
    /// <summary>The policy of streams: each holds a place for as long as it lasts.</summary>
    public const string Streams = "streams";

    private const string PlaceAfter = "5";

    public static IServiceCollection AddRequestRate(this IServiceCollection services)
    {
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<GatewayOptions>>((limiter, gateway) =>
        {
            var (perSecond, burst) = gateway.Value.RateLimit;
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http => http.SignedIn()?.TokenId is { } token
                ? RateLimitPartition.GetTokenBucketLimiter(token, _ => Bucket(perSecond, burst))
                : RateLimitPartition.GetNoLimiter(""));
            limiter.AddPolicy(Streams, http => http.SignedIn()?.TokenId is { } token
                ? RateLimitPartition.GetConcurrencyLimiter(token, _ => new() { PermitLimit = gateway.Value.Streams, QueueLimit = 0 })
                : RateLimitPartition.GetNoLimiter(""));
            limiter.OnRejected = (rejected, _) => new(Refuse(rejected.HttpContext, rejected.Lease, gateway.Value.Streams));
        });
        return services;
    }

    /// <summary>A bucket knows when it is full again, a place in use doesn't.</summary>
    private static Task Refuse(HttpContext http, RateLimitLease lease, int streams)
    {
        if (lease.TryGetMetadata(MetadataName.RetryAfter, out var after))
        {
            http.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        }

        http.Response.Headers.RetryAfter = PlaceAfter;
        return Problems.Write(http, Problems.For(http, StatusCodes.Status429TooManyRequests) with
        {
            Detail = $"this token has {streams} streams open, as many as one may: close some, or raise RateLimit:Streams",
        });
    }

    private static TokenBucketRateLimiterOptions Bucket(int perSecond, int burst) => new()
    {
        TokenLimit = burst,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
    };
}
