using System.Net;
using Ampx.Gateway.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Auth;

/// <summary>
/// Keeps web pages from driving the service through a visitor's browser: a rebound DNS name is known by the Host header,
/// another site's page by <c>Origin</c>, and a change by cookie must prove that the service's own page makes it.
/// </summary>
internal sealed class OriginGuard(RequestDelegate next, IOptions<GatewayOptions> options)
{
    private readonly HashSet<string> hosts = new(Hosts(options.Value), StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> origins = new(Origins(options.Value), StringComparer.OrdinalIgnoreCase);

    public Task InvokeAsync(HttpContext http)
    {
        // Probes come by address, whatever it is, and learn nothing; a delivery proves by its signature that no web page made it.
        if (http.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal) || http.Request.Path.Equals(GitHubWebhooks.Path, StringComparison.Ordinal)) return next(http);
        if (!IsOurs(http.Request.Host, http.Connection.LocalIpAddress))
            throw Forbidden($"'{http.Request.Host}' is not a name of this service: set Ampx:PublicUrl if it should be");
        var origin = http.Request.Headers.Origin.ToString();
        var same = origin.Length > 0 && IsOwn(http.Request, origin);
        var reading = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        if (origin.Length > 0 && !same && !origins.Contains(origin) && !(reading && http.SignedInBy(Callers.Bearer)))
            throw Forbidden($"a page of {origin} may not call this service");
        if (!reading && http.SignedInBy(Callers.Cookie) && !same && http.Request.Headers["Sec-Fetch-Site"] != "same-origin")
            throw Forbidden("a change by cookie must come from a page of this service; scripts send the token instead");
        return next(http);
    }

    private bool IsOurs(HostString host, IPAddress? local)
    {
        var name = host.Host.TrimEnd('.');
        if (hosts.Contains(name)) return true;
        return IPAddress.TryParse(name.Trim('[', ']'), out var address)
            && (IPAddress.IsLoopback(address) || (local is not null && address.MapToIPv6().Equals(local.MapToIPv6())));
    }

    private bool IsOwn(HttpRequest request, string origin) =>
        origin.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase)
        || (options.Value.PublicUrl is { } url && origin.Equals(OriginOf(url), StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<string> Hosts(GatewayOptions options) =>
        options.PublicUrl is { } url ? ["localhost", url.Host, .. options.Hosts] : ["localhost", .. options.Hosts];

    private static IEnumerable<string> Origins(GatewayOptions options) => options.Origins.Select(origin => origin.TrimEnd('/'));

    private static string OriginOf(Uri url) => url.GetLeftPart(UriPartial.Authority);

    private static RefusedException Forbidden(string why) => new(StatusCodes.Status403Forbidden, "forbidden", why);
}
