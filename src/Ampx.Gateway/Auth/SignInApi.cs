using Ampx.Core.Api;
using Ampx.Gateway.Description;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Ampx.Gateway.Auth;

/// <summary>How a browser gets its cookie.</summary>
internal static class SignInApi
{
    /// <summary>With and without the API's base: people follow links to the one, scripts expect the other.</summary>
    public static void MapSignIn(this IEndpointRouteBuilder app)
    {
        app.MapPost($"{GatewaySetup.ApiBase}/signin-links", Link)
            .Says("makeSignInLink", "A link that signs a browser in, once, within 60 seconds");
        foreach (var (routes, name) in new[] { (app, "FromLink"), (app.MapGroup(GatewaySetup.ApiBase), "") })
        {
            routes.MapGet("/signin", SignIn).AllowAnonymous()
                .Says($"signIn{name}", "Signs a browser in by such a link: a cookie, and 302 to where it leads").Produces(StatusCodes.Status302Found);
            routes.MapPost("/session", Begin).Accepts<SessionRequest>("application/json").AllowAnonymous()
                .Says($"beginSession{name}", "Signs a browser in by a token: a cookie", 400, 401, 415);
            routes.MapDelete("/session", End).AllowAnonymous()
                .Says($"endSession{name}", "Signs the browser out");
        }
    }

    private static async Task<Ok<SignInLink>> Link(HttpContext http, IGate gate, CancellationToken cancel) => TypedResults.Ok(await gate.Link(http.SignedIn()!, cancel));

    private static async Task<IResult> SignIn(string? code, string? to, HttpContext http, IGate gate, CancellationToken cancel)
    {
        if (await gate.Take(code ?? "", cancel) is { } who)
        {
            await gate.Begin(http, who);
            return TypedResults.LocalRedirect(RedirectHttpResult.IsLocalUrl(to) && to.StartsWith('/') ? to : "/");
        }

        const string why = "This sign-in link has been used, or is older than 60 seconds";
        if (!SignInPage.WantedBy(http.Request)) throw new RefusedException(StatusCodes.Status401Unauthorized, "unauthorized", $"{why}: ask for another");
        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        await SignInPage.Write(http, why);
        return TypedResults.Empty;
    }

    private static async Task<NoContent> Begin(HttpContext http, IGate gate, CancellationToken cancel)
    {
        var request = await JsonBody.Read<SessionRequest>(http.Request, cancel);
        var (who, whyNot) = await gate.ByToken(request.Token ?? "", cancel);
        if (who is null) throw new RefusedException(StatusCodes.Status401Unauthorized, "unauthorized", whyNot!);
        await gate.Begin(http, who);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> End(HttpContext http, IGate gate)
    {
        await gate.End(http);
        return TypedResults.NoContent();
    }
}
