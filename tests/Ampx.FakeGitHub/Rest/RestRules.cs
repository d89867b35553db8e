using System.Globalization;
using Ampx.FakeGitHub.Accounts;

namespace Ampx.FakeGitHub.Rest;

/// <summary>What holds for every call: known tokens only, rate limits with their headers, renamed repositories.</summary>
internal static class RestRules
{
    public const string TokenItem = "token";

    public static void UseRestRules(this WebApplication app, Site site) => app.Use(async (http, next) =>
    {
        if (!http.Request.Path.StartsWithSegments("/api"))
        {
            await next(http);
            return;
        }

        http.Response.Headers["X-GitHub-Request-Id"] = $"{Ids.Next():X}:{http.TraceIdentifier.Replace(':', '-')}";
        http.Response.Headers["X-GitHub-Media-Type"] = "github.v3; format=json";
        http.Response.Headers["X-GitHub-Enterprise-Version"] = "3.17.0";
        var path = http.Request.Path.Value!;
        if (path.StartsWith("/api/v3/app", StringComparison.Ordinal) || path.EndsWith("/installation", StringComparison.Ordinal))
        {
            await next(http); // a JWT, which the endpoint checks
            return;
        }

        var secret = AccessTokens.Secret(http.Request.Headers.Authorization);
        if (secret is null || site.Tokens.Find(secret) is not { } token)
        {
            await Answer.Error(401, secret is null ? "Requires authentication" : "Bad credentials").Write(http);
            return;
        }

        http.Items[TokenItem] = token;
        if (token.Scopes is not null) http.Response.Headers["X-OAuth-Scopes"] = string.Join(", ", token.Scopes);
        var counts = !path.EndsWith("/rate_limit", StringComparison.Ordinal);
        var allowed = !counts || token.RateLimit.TryTake(site.Now);
        http.Response.OnStarting(() =>
        {
            if (counts && allowed && http.Response.StatusCode == StatusCodes.Status304NotModified) token.RateLimit.GiveBack();
            var (limit, remaining, used, reset) = token.RateLimit.Read(site.Now);
            var headers = http.Response.Headers;
            headers["X-RateLimit-Limit"] = limit.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Remaining"] = remaining.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Used"] = used.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Reset"] = reset.ToString(CultureInfo.InvariantCulture);
            headers["X-RateLimit-Resource"] = path.EndsWith("graphql", StringComparison.Ordinal) ? "graphql" : "core";
            return Task.CompletedTask;
        });
        if (!allowed)
        {
            var words = $"API rate limit exceeded for user ID {token.UserId}.";
            await (path.EndsWith("/graphql", StringComparison.Ordinal)
                ? Answer.Ok(new { errors = new[] { new { type = "RATE_LIMITED", message = words } } })
                : Answer.Error(403, words)).Write(http);
            return;
        }

        await next(http);
    });

    /// <summary>A renamed repository answers 301 with its number; calls by number reach it.</summary>
    public static void UseRenames(this WebApplication app, Site site) => app.Use(async (http, next) =>
    {
        var parts = http.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts is ["api", "v3", "repositories", var id, ..] && long.TryParse(id, out var number) && site.Repositories.Find(number) is { } known)
        {
            http.Request.Path = $"/api/v3/repos/{known.FullName}" + string.Concat(parts.Skip(4).Select(part => "/" + part));
        }
        else if (parts is ["api", "v3", "repos", var owner, var name, ..] && site.Repositories.Renamed($"{owner}/{name}") is { } renamed)
        {
            var location = $"{site.ApiUrl}repositories/{renamed.Id}{string.Concat(parts.Skip(5).Select(part => "/" + part))}{http.Request.QueryString}";
            await (new Answer(301, new { message = "Moved Permanently", url = location, documentation_url = "https://docs.github.com/rest" }) with
            {
                Headers = new Dictionary<string, string> { ["Location"] = location },
            }).Write(http);
            return;
        }
        else if (parts is [var user, var git, ..] && user != "api" && git.EndsWith(".git", StringComparison.Ordinal) &&
            site.Repositories.Renamed($"{user}/{git[..^4]}") is { } moved)
        {
            http.Response.Redirect($"{site.WebUrl}{moved.FullName}.git/{string.Join('/', parts.Skip(2))}{http.Request.QueryString}", permanent: true);
            return;
        }

        await next(http);
    });
}
