using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ampx.Core;
using Ampx.Core.Api;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Auth;

/// <summary>
/// Browser sessions of mode <c>local</c> as signed cookies: who, which role, until when. Nothing is stored, so they outlive a restart;
/// the key comes from the token, so that a new token ends them all.
/// </summary>
internal sealed class Sessions(LocalToken token, TimeProvider time)
{
    private readonly byte[] key = HMACSHA256.HashData(Encoding.UTF8.GetBytes(token.Text), "ampx browser session"u8);

    /// <summary>Signs the browser in.</summary>
    public void Begin(HttpContext http, Caller caller)
    {
        var until = time.GetUtcNow() + SessionCookie.Lifetime;
        var claims = Encode($"{caller.Name}\n{AmpxJson.Word(caller.Role)}\n{until.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)}");
        SessionCookie.Write(http, $"{claims}.{Sign(claims)}");
    }

    /// <summary>Who the request's cookie signs in; null if there is none, or it is no longer good.</summary>
    public Caller? Read(HttpContext http)
    {
        if (SessionCookie.Read(http)?.Split('.') is not [var claims, var signature]) return null;
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Sign(claims)), Encoding.UTF8.GetBytes(signature))) return null;
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(claims)).Split('\n');
        var until = DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts[2], CultureInfo.InvariantCulture));
        return time.GetUtcNow() < until ? new(parts[0], Callers.RoleOf(parts[1])) : null;
    }

    private string Sign(string claims) => Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(claims)));

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
