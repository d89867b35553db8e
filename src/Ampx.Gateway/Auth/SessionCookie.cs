using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Auth;

/// <summary>The cookie of a browser that has signed in: out of reach for scripts and for other sites' pages.</summary>
internal static class SessionCookie
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    public static string? Read(HttpContext http) => http.Request.Cookies[NameOf(http)];

    public static void Write(HttpContext http, string content) => http.Response.Cookies.Append(NameOf(http), content, Options(http, Lifetime));

    public static void Remove(HttpContext http) => http.Response.Cookies.Delete(NameOf(http), Options(http, null));

    /// <summary>Browsers keep cookies by host and not by port; the port in the name keeps several services on one machine apart.</summary>
    private static string NameOf(HttpContext http) => $"ampx_{(http.Request.Host.Port ?? 0).ToString(CultureInfo.InvariantCulture)}";

    /// <summary>A proxy that isn't known says nothing of the way to it, which is the one that counts.</summary>
    private static bool IsPublicHttps(HttpContext http) => http.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.PublicUrl?.Scheme == Uri.UriSchemeHttps;

    private static CookieOptions Options(HttpContext http, TimeSpan? age) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps || IsPublicHttps(http), Path = "/", MaxAge = age };
}
