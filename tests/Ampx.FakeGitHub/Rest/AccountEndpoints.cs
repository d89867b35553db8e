using System.Text.Json.Serialization;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Repositories;

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
        app.MapGet(RestRoutes.Base + "/app/installations", http => AsApp(http, site, known => Answer.Ok(known.Installations.Select(one => Shape(site, known, one)).ToArray())));
        app.MapGet(RestRoutes.Base + "/app/installations/{id:long}", http => AsApp(http, site,
            known => Named(http, known) is { } one ? Answer.Ok(Shape(site, known, one)) : Answer.NotFound));
        app.MapGet(RestRoutes.Base + "/repos/{owner}/{repo}/installation", http => AsApp(http, site,
            known => site.Repositories.Find($"{http.GetRouteValue("owner")}/{http.GetRouteValue("repo")}") is { } repository
                && known.Installations.FirstOrDefault(one => one.Reaches(repository.FullName)) is { } installation
                ? Answer.Ok(Shape(site, known, installation))
                : Answer.NotFound));
        app.MapPost(RestRoutes.Base + "/app/installations/{id:long}/access_tokens", async http =>
        {
            var wish = http.Request.ContentLength is 0 ? null : await http.Request.ReadFromJsonAsync<TokenWish>();
            await AsApp(http, site, known => Named(http, known) is { } installation ? Issue(site, installation, wish) : Answer.NotFound);
        });
    }

    private static Answer Issue(Site site, Installation installation, TokenWish? wish)
    {
        if (installation.SuspendedAt is not null) return Answer.Error(403, "This installation has been suspended");
        var reached = site.Repositories.All.Where(repository => installation.Reaches(repository.FullName)).ToList();
        List<Repository>? only = wish is { Repositories: null, RepositoryIds: null } or null
            ? null
            : [.. reached.Where(repository => wish.Repositories?.Contains(repository.Name, StringComparer.OrdinalIgnoreCase) == true || wish.RepositoryIds?.Contains(repository.Id) == true)];
        if (only is not null && only.Count < (wish!.Repositories?.Count ?? 0) + (wish.RepositoryIds?.Count ?? 0))
            return Answer.Error(422, "There is at least one repository that does not exist or is not accessible to the parent installation.");
        var token = site.Apps.IssueToken(installation, only?.ConvertAll(repository => repository.FullName));
        return Answer.Created(new
        {
            token = token.Value,
            expires_at = Shapes.Time(token.ExpiresAt),
            permissions = token.Permissions,
            repository_selection = token.Repositories is null ? "all" : "selected",
        });
    }

    private static Installation? Named(HttpContext http, GitHubApp app) => app.Installations.FirstOrDefault(one => $"{http.GetRouteValue("id")}" == $"{one.Id}");

    private static Task AsApp(HttpContext http, Site site, Func<GitHubApp, Answer> handle)
    {
        http.Response.Headers.Date = site.Now.ToString("R"); // by the clock that the JWT is held against
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

    private static object Shape(Site site, GitHubApp app, Installation installation) => new
    {
        id = installation.Id,
        app_id = app.Id,
        app_slug = "ampx",
        account = Shapes.User(site, installation.Account ?? "acme"),
        target_id = Shapes.User(site, installation.Account ?? "acme")["id"],
        repository_selection = installation.Repositories is null ? "all" : "selected",
        target_type = "Organization",
        access_tokens_url = $"{site.ApiUrl}app/installations/{installation.Id}/access_tokens",
        repositories_url = $"{site.ApiUrl}installation/repositories",
        html_url = $"{site.WebUrl}organizations/{installation.Account ?? "acme"}/settings/installations/{installation.Id}",
        permissions = installation.Permissions,
        events = Array.Empty<string>(),
        created_at = "2020-01-01T00:00:00Z",
        updated_at = "2020-01-01T00:00:00Z",
        single_file_name = (string?)null,
        suspended_by = (object?)null,
        suspended_at = installation.SuspendedAt is { } since ? Shapes.Time(since) : null,
    };

    private sealed record TokenWish(IReadOnlyList<string>? Repositories, [property: JsonPropertyName("repository_ids")] IReadOnlyList<long>? RepositoryIds);
}
