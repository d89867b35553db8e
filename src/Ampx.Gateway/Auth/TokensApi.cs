using Ampx.Core.Api;
using Ampx.Gateway.Description;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Ampx.Gateway.Auth;

/// <summary>API tokens over REST, for admins.</summary>
internal static class TokensApi
{
    private const int LongestName = 64;
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(3650);

    /// <summary>What a list's owner and a timeline's "by" mean otherwise.</summary>
    private static readonly string[] Taken = ["me", "all", "agent", "ci", "system"];

    public static void MapTokens(this IEndpointRouteBuilder api)
    {
        api.MapGet("/tokens", List)
            .Says("listTokens", "API tokens, oldest first, without their secrets; admins only", 409);
        api.MapPost("/tokens", Create).Accepts<CreateToken>("application/json")
            .Says("createToken", "Makes an API token; its secret is in this answer and never shown again; admins only", 400, 409, 413, 415);
        api.MapDelete("/tokens/{id}", Revoke)
            .Says("revokeToken", "Revokes an API token on every gateway at once; admins only", 404, 409);
    }

    private static async Task<Ok<TokenList>> List(HttpContext http, IssuedTokens tokens, CancellationToken cancel)
    {
        http.MustBeAdmin();
        return TypedResults.Ok(new TokenList(await tokens.All(cancel)));
    }

    private static async Task<Created<CreatedToken>> Create(HttpContext http, IssuedTokens tokens, CancellationToken cancel)
    {
        http.MustBeAdmin();
        var asked = Checked(await JsonBody.Read<CreateToken>(http.Request, cancel));
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, await tokens.Create(asked, http.Caller(), cancel));
    }

    private static async Task<NoContent> Revoke(string id, HttpContext http, IssuedTokens tokens, CancellationToken cancel)
    {
        http.MustBeAdmin();
        await tokens.Revoke(id, http.Caller(), cancel);
        return TypedResults.NoContent();
    }

    private static CreateToken Checked(CreateToken asked)
    {
        var errors = new FieldErrors();
        errors.AddIf(!IsName(asked.Name), "name", $"must be given: what the token is for, 1 to {LongestName} characters");
        errors.AddIf(asked.User is not null && !IsName(asked.User), "user", $"must be 1 to {LongestName} characters");
        errors.AddIf(Taken.Contains(asked.User ?? asked.Name, StringComparer.OrdinalIgnoreCase), asked.User is null ? "name" : "user", $"must not be one of {string.Join(", ", Taken)}, which mean something else");
        errors.AddIf(asked.ExpiresIn is { } life && (life <= TimeSpan.Zero || life > LongestLife), "expires_in", $"must be more than 0 and at most {LongestLife.Days} days, such as 90.00:00:00");
        errors.ThrowIfAny();
        return asked;
    }

    private static bool IsName(string? text) =>
        !string.IsNullOrWhiteSpace(text) && text.Length <= LongestName && text.Trim().Length == text.Length && !text.Any(c => char.IsControl(c) || char.IsSurrogate(c));
}
