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
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, LocalToken token, Sessions sessions)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    public const string Name = "ampx";

    /// <inheritdoc/>
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    /// <summary>401: words for a person in a browser; for everybody else the problem details come from <see cref="Problems"/>.</summary>
    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = Request.Headers.Authorization.Count > 0 ? "Bearer error=\"invalid_token\"" : "Bearer";
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        return SignInPage.WantedBy(Request) ? SignInPage.Write(Context, "You are not signed in") : Task.CompletedTask;
    }

    private AuthenticateResult Authenticate()
    {
        if (Request.Headers.Authorization.Count == 0)
            return sessions.Read(Context) is { } caller ? Success(caller, Callers.Cookie) : AuthenticateResult.NoResult();
        const string bearer = "Bearer ";
        var header = Request.Headers.Authorization.ToString();
        return header.StartsWith(bearer, StringComparison.OrdinalIgnoreCase) && token.Matches(header[bearer.Length..].Trim())
            ? Success(LocalUser.Caller, Callers.Bearer)
            : AuthenticateResult.Fail("the token is not this service's");
    }

    private AuthenticateResult Success(Core.Api.Caller caller, string way) =>
        AuthenticateResult.Success(new(Callers.Principal(caller, way, Scheme.Name), Scheme.Name));
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
        services.AddAuthentication(AmpxAuthentication.Name).AddScheme<AuthenticationSchemeOptions, AmpxAuthentication>(AmpxAuthentication.Name, null);
        services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }
}
