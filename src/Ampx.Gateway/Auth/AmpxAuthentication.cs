using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Auth;

/// <summary>Knows a caller by <c>Authorization: Bearer</c>, else by the cookie of a browser that has signed in.</summary>
internal sealed class AmpxAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, IGate gate)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    public const string Name = "ampx";

    /// <summary>The request's item that says why its token isn't taken.</summary>
    public const string WhyNot = "ampx.why-not";

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers.Authorization.Count == 0)
            return await gate.ByCookie(Context) is { } known ? Success(known, Callers.Cookie) : AuthenticateResult.NoResult();
        const string bearer = "Bearer ";
        var header = Request.Headers.Authorization.ToString();
        if (!header.StartsWith(bearer, StringComparison.OrdinalIgnoreCase)) return AuthenticateResult.Fail("no bearer token");
        var (who, whyNot) = await gate.ByToken(header[bearer.Length..].Trim(), Context.RequestAborted);
        if (who is not null) return Success(who, Callers.Bearer);
        Context.Items[WhyNot] = whyNot;
        return AuthenticateResult.Fail(whyNot!);
    }

    /// <summary>401: words for a person in a browser; for everybody else the problem details come from <see cref="Problems"/>.</summary>
    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = Request.Headers.Authorization.Count > 0 ? "Bearer error=\"invalid_token\"" : "Bearer";
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        return SignInPage.WantedBy(Request) ? SignInPage.Write(Context, "You are not signed in") : Task.CompletedTask;
    }

    private AuthenticateResult Success(SignedIn who, string way) =>
        AuthenticateResult.Success(new(Callers.Principal(who, way, Scheme.Name), Scheme.Name));
}

/// <summary>Wiring of sign-in.</summary>
internal static class AuthSetup
{
    /// <summary>Everything needs a signed-in caller, routes that don't exist too; what doesn't says so with <c>AllowAnonymous</c>.</summary>
    public static void AddAmpxAuth(this IServiceCollection services)
    {
        services.AddSingleton(provider => LocalToken.ReadOrMake(provider.GetRequiredService<IOptions<GatewayOptions>>().Value.DataDirectory));
        services.AddSingleton<Sessions>();
        services.AddSingleton<SignInCodes>();
        services.AddSingleton<LocalGate>().AddSingleton<TokenGate>().AddSingleton<TokenCare>().AddSingleton<IssuedTokens>().AddSingleton<FirstToken>();
        services.AddSingleton<IGate>(provider => provider.GetRequiredService<IOptions<GatewayOptions>>().Value.Tokens ? provider.GetRequiredService<TokenGate>() : provider.GetRequiredService<LocalGate>());
        services.AddHostedService(provider => provider.GetRequiredService<TokenCare>());
        services.AddAuthentication(AmpxAuthentication.Name).AddScheme<AuthenticationSchemeOptions, AmpxAuthentication>(AmpxAuthentication.Name, null);
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }
}
