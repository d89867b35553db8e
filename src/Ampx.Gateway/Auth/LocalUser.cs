using System.Security.Claims;
using Ampx.Core.Api;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Auth;

/// <summary>In mode <c>local</c> everyone who holds the token is the person who runs the service, with every right.</summary>
internal static class LocalUser
{
    public static Caller Caller { get; } = new(Environment.UserName is { Length: > 0 } name ? name : "local", Callers.Admin);
}

/// <summary>Who calls, as the rest of the gateway asks for it.</summary>
internal static class Callers
{
    /// <summary>Claim that says how the caller signed in: <see cref="Bearer"/> or <see cref="Cookie"/>.</summary>
    public const string Via = "via";
    public const string Admin = "admin";
    public const string Bearer = "bearer";
    public const string Cookie = "cookie";

    /// <summary>Who is signed in.</summary>
    public static Caller Caller(this HttpContext http) => new(http.User.Identity!.Name!, http.User.FindFirstValue(ClaimTypes.Role)!);

    /// <exception cref="RefusedException">403 for everybody but admins.</exception>
    public static void MustBeAdmin(this HttpContext http)
    {
        if (http.Caller().Role != Admin) throw RefusedException.AdminsOnly();
    }

    public static bool SignedInBy(this HttpContext http, string way) => http.User.HasClaim(Via, way);

    public static ClaimsPrincipal Principal(Caller caller, string way, string scheme) => new(new ClaimsIdentity(
        [new(ClaimTypes.Name, caller.Name), new(ClaimTypes.Role, caller.Role), new(Via, way)], scheme));
}
