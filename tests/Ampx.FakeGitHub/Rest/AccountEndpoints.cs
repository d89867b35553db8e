using Ampx.FakeGitHub.Accounts;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Who am I, what is left of my rate limit, and Apps' installation tokens.</summary>
internal static class AccountEndpoints
{
    public static void MapAccounts(this WebApplication app, Site site)
    {
        app.On(site, "GET", RestRoutes.Base + "/user", call => Task.FromResult(call.Token.Installation
            ? Answer.Error(403, "Resource not accessible by integration")
            : Answer.Ok(Shapes.Oneself(site, call.Token))));
        app.On(site, "GET", RestRoutes.Base + "/rate_limit", call =>
        {
            var (limit, remaining, used, reset) = call.Token.RateLimit.Read(site.Now);
            var core = new { limit, remaining, used, reset };
            return Task.FromResult(Answer.Ok(new { resources = new { core, search = core, graphql = core }, rate = core }));
        });
        app.On(site, "GET", RestRoutes.Base + "/meta", _ => Task.FromResult(Answer.Ok(new { verifiable_password_authentication = false })));

        app.MapGet(RestRoutes.Base + "/app", http => AsApp(http, site, known => Answer.Ok(Shape(site, known))));
        app.MapGet(RestRoutes.Base + "/app/installations", http => AsApp(http, site, known => Answer.Ok(new[] { Installation(site, known) })));
        app.MapGet(RestRoutes.Base + "/app/installations/{id:long}", http => AsApp(http, site,
            known => Is(http, known) ? Answer.Ok(Installation(site, known)) : Answer.NotFound));
        app.MapGet(RestRoutes.Base + "/repos/{owner}/{repo}/installation", http => AsApp(http, site,
            known => site.Repositories.Find($"{http.GetRouteValue("owner")}/{http.GetRouteValue("repo")}") is null
                ? Answer.NotFound
                : Answer.Ok(Installation(site, known))));
        app.MapPost(RestRoutes.Base + "/app/installations/{id:long}/access_tokens", http => AsApp(http, site, known =>
        {
            if (!Is(http, known)) return Answer.NotFound;
            var token = site.Apps.IssueToken(known);
            return Answer.Created(new
            {
                token = token.Value,
                expires_at = Shapes.Time(token.ExpiresAt),
                permissions = token.Permissions,
                repository_selection = "all",
            });
        }));
    }

    private static bool Is(HttpContext http, GitHubApp app) => $"{http.GetRouteValue("id")}" == $"{app.InstallationId}";

    private static Task AsApp(HttpContext http, Site site, Func<GitHubApp, Answer> handle)
    {
        var (app, refusal) = site.Apps.Identify(AccessTokens.Secret(http.Request.Headers.Authorization));
        return (app is null ? Answer.Error(401, refusal!) : handle(app)).Write(http);
    }

    private static object Shape(Site site, GitHubApp app) => new
    {
        id = app.Id,
        slug = "ampx",
        node_id = Ids.Node("A", app.Id),
        name = "ampx",
        description = (string?)null,
        owner = Shapes.User(site, "acme"),
        external_url = site.WebUrl + "ampx",
        html_url = site.WebUrl + "apps/ampx",
        permissions = app.Permissions,
        events = Array.Empty<string>(),
        created_at = "2020-01-01T00:00:00Z",
        updated_at = "2020-01-01T00:00:00Z",
    };

    private static object Installation(Site site, GitHubApp app) => new
    {
        id = app.InstallationId,
        app_id = app.Id,
        app_slug = "ampx",
        account = Shapes.User(site, "acme"),
        target_id = Shapes.User(site, "acme")["id"],
        repository_selection = "all",
        target_type = "Organization",
        html_url = $"{site.WebUrl}organizations/acme/settings/installations/{app.InstallationId}",
        repositories_url = $"{site.ApiUrl}installation/repositories",
        access_tokens_url = $"{site.ApiUrl}app/installations/{app.InstallationId}/access_tokens",
        permissions = app.Permissions,
        events = Array.Empty<string>(),
        created_at = "2020-01-01T00:00:00Z",
        updated_at = "2020-01-01T00:00:00Z",
        single_file_name = (string?)null,
        suspended_by = (object?)null,
        suspended_at = (string?)null,
    };
}
