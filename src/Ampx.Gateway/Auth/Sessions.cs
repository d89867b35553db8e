using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ampx.Core.Api;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Auth;

/// <summary>
/// Browser sessions as signed cookies: who, which role, until when. Nothing is stored, so they outlive a restart;
/// the key comes from the token, so that a new token ends them all.
/// </summary>
internal sealed class Sessions(LocalToken token, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);
    private readonly byte[] key = HMACSHA256.HashData(Encoding.UTF8.GetBytes(token.Text), "ampx browser session"u8);

    /// <summary>Signs the browser in.</summary>
    public void Begin(HttpContext http, Caller caller)
    {
        var until = time.GetUtcNow() + Lifetime;
        var claims = Encode($"{caller.Name}\n{caller.Role}\n{until.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}");
        http.Response.Cookies.Append(NameOf(http), $"{claims}.{Sign(claims)}", Cookie(http, Lifetime));
    }

    /// <summary>Signs the browser out.</summary>
    public static void End(HttpContext http) => http.Response.Cookies.Delete(NameOf(http), Cookie(http, null));

    /// <summary>Who the request's cookie signs in; null if there is none, or it is no longer good.</summary>
    public Caller? Read(HttpContext http)
    {
        if (http.Request.Cookies[NameOf(http)]?.Split('.') is not [var claims, var signature]) return null;
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Sign(claims)), Encoding.UTF8.GetBytes(signature))) return null;
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(claims)).Split('\n');
        var until = DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts[2], CultureInfo.InvariantCulture));
        return time.GetUtcNow() < until ? new(parts[0], parts[1]) : null;
    }

    /// <summary>Browsers keep cookies by host and not by port; the port in the name keeps several services on one machine apart.</summary>
    private static string NameOf(HttpContext http) => $"ampx_{(http.Request.Host.Port ?? 0).ToString(CultureInfo.InvariantCulture)}";

    private static CookieOptions Cookie(HttpContext http, TimeSpan? age) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, Path = "/", MaxAge = age };

    private string Sign(string claims) => Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(claims)));

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
