using System.Net;
using Ampx.Gateway.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Auth;

/// <summary>
/// Keeps web pages from driving the service through a visitor's browser: a rebound DNS name is known by the Host header,
/// another site's page by <c>Origin</c> and <c>Sec-Fetch-Site</c>, and a change by cookie must prove that the service's own page makes it.
/// </summary>
internal sealed class OriginGuard(RequestDelegate next, IOptions<GatewayOptions> options)
{
    private readonly HashSet<string> hosts = new(Hosts(options.Value), StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> origins = new(options.Value.Origins.Select(origin => origin.TrimEnd('/')), StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext http)
    {
        if (IsOpen(http.Request)) return next(http);
        CheckHost(http, hosts);
        var origin = http.Request.Headers.Origin.ToString();
        var own = origin.Length > 0 && IsOwn(http.Request, origin);
        if (origin.Length > 0 && !own && !origins.Contains(origin)) throw RefusedException.Forbidden($"a page of {origin} may not call this service: Ampx:Cors:Origins lists those that may");
        if (origin.Length == 0 && IsDrivenFromElsewhere(http.Request.Headers)) throw RefusedException.Forbidden("a page of another site may not call this service");
        if (!IsReading(http.Request) && http.SignedInBy(Callers.Cookie) && !own && http.Request.Headers["Sec-Fetch-Site"] != "same-origin")
            throw RefusedException.Forbidden("a change by cookie must come from a page of this service; scripts send the token instead");
        return next(http);
    }

    /// <summary>The same for the Host header as the connection brought it, before a proxy's word on it is taken: a page's script could claim to be such a proxy.</summary>
    public static Func<HttpContext, RequestDelegate, Task> ForHost(GatewayOptions options)
    {
        var hosts = new HashSet<string>(Hosts(options), StringComparer.OrdinalIgnoreCase);
        return (http, next) =>
        {
            if (!IsOpen(http.Request)) CheckHost(http, hosts);
            return next(http);
        };
    }

    /// <summary>Probes come by address, whatever it is, and learn nothing; a delivery proves by its signature that no web page made it.</summary>
    private static bool IsOpen(HttpRequest request) =>
        request.Path.StartsWithSegments("/health", StringComparison.Ordinal) || request.Path == "/metrics" || request.Path.Equals(GitHubWebhooks.Path, StringComparison.Ordinal);

    private static bool IsReading(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    /// <summary>A browser says that another site's page makes it load this; a link that a person follows is another matter, and carries no cookie.</summary>
    private static bool IsDrivenFromElsewhere(IHeaderDictionary headers) =>
        headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site" && headers["Sec-Fetch-Mode"] != "navigate";

    private static void CheckHost(HttpContext http, HashSet<string> hosts)
    {
        var name = http.Request.Host.Host.TrimEnd('.');
        if (hosts.Contains(name)) return;
        var local = http.Connection.LocalIpAddress;
        var ours = IPAddress.TryParse(name.Trim('[', ']'), out var address) && (IPAddress.IsLoopback(address) || (local is not null && address.MapToIPv6().Equals(local.MapToIPv6())));
        if (!ours) throw RefusedException.Forbidden($"'{http.Request.Host}' is not a name of this service: set Ampx:PublicUrl if it should be");
    }

    private bool IsOwn(HttpRequest request, string origin) =>
        origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase)
        || (options.Value.PublicUrl is { } url && origin.Equals(url.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> Hosts(GatewayOptions options) =>
        options.PublicUrl is { } url ? ["localhost", url.Host, .. options.Hosts] : ["localhost", .. options.Hosts];
}
