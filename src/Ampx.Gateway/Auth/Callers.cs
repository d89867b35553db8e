using System.Security.Claims;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway.Auth;

/// <summary>In mode <c>local</c> everyone who holds the token is the person who runs the service, with every right.</summary>
internal static class LocalUser
{
    public static Caller Caller { get; } = new(Environment.UserName is { Length: > 0 } name ? name : "local", Role.Admin);
}

/// <summary>Who calls, as the rest of the gateway asks for it, and what that allows.</summary>
internal static class Callers
{
    /// <summary>Claim that says how the caller signed in: <see cref="Bearer"/> or <see cref="Cookie"/>.</summary>
    public const string Via = "via";
    public const string Bearer = "bearer";
    public const string Cookie = "cookie";

    /// <summary>Claim with the token's id.</summary>
    private const string Token = "token";

    /// <summary>Who is signed in.</summary>
    public static Caller Caller(this HttpContext http) => new(http.User.Identity!.Name!, RoleOf(http.User.FindFirstValue(ClaimTypes.Role)!));

    /// <summary>Who is signed in, and by which token; null where nobody is.</summary>
    public static SignedIn? SignedIn(this HttpContext http) => http.User.Identity?.IsAuthenticated is true ? new(http.Caller(), http.User.FindFirstValue(Token)) : null;

    /// <exception cref="RefusedException">403 for everybody but admins.</exception>
    public static void MustBeAdmin(this HttpContext http) => http.MustBe(Role.Admin);

    /// <exception cref="RefusedException">403 for everybody with less.</exception>
    public static void MustBe(this HttpContext http, Role least)
    {
        var caller = http.Caller();
        if (caller.Role < least) throw RefusedException.Role(caller, least);
    }

    /// <summary>Members change their own tasks, leads everybody's.</summary>
    /// <exception cref="RefusedException">403 for everybody else.</exception>
    public static void MayChange(this HttpContext http, TaskState task)
    {
        http.MustBe(Role.Member);
        var caller = http.Caller();
        if (caller.Role < Role.Lead && caller.Name != task.Owner)
            throw RefusedException.Forbidden($"task {task.Id} is {task.Owner}'s: to change it needs the role lead, and {caller.Name} has {AmpxJson.Word(caller.Role)}");
    }

    public static bool SignedInBy(this HttpContext http, string way) => http.User.HasClaim(Via, way);

    public static ClaimsPrincipal Principal(SignedIn who, string way, string scheme)
    {
        List<Claim> claims = [new(ClaimTypes.Name, who.Caller.Name), new(ClaimTypes.Role, AmpxJson.Word(who.Caller.Role)), new(Via, way)];
        if (who.TokenId is { } id) claims.Add(new(Token, id));
        return new(new ClaimsIdentity(claims, scheme));
    }

    public static Role RoleOf(string word) => Enum.Parse<Role>(word, ignoreCase: true);
}
