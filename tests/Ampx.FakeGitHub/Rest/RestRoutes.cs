using Ampx.FakeGitHub.Accounts;

namespace Ampx.FakeGitHub.Rest;

/// <summary>How endpoints are registered: who calls, which repository, and which permission it takes are settled before they run.</summary>
internal static class RestRoutes
{
    public const string Base = "/api/v3";

    /// <summary>All of GitHub's REST API that is here.</summary>
    public static void MapRest(this WebApplication app, Site site)
    {
        app.MapAccounts(site);
        app.MapRepositories(site);
        app.MapCommits(site);
        app.MapActions(site);
        app.MapPulls(site);
        app.MapIssues(site);
        app.MapGraphQl(site);
        app.Map("/api/{**rest}", http => Answer.NotFound.Write(http));
    }

    /// <summary>An endpoint that any known token may call.</summary>
    public static void On(this WebApplication app, Site site, string method, string pattern, Func<Call, Task<Answer>> handle) =>
        app.MapMethods(pattern, [method], async http =>
        {
            var call = new Call(site, http, (AccessToken)http.Items[RestRules.TokenItem]!);
            Answer answer;
            try
            {
                answer = await call.ReadBody() ? await handle(call) : Answer.Error(400, "Problems parsing JSON");
            }
            catch (Exception e) when (e is not OperationCanceledException) // the fake's own fault: kept for the test to see
            {
                site.Errors.Enqueue(e);
                answer = Answer.Error(500, "Server Error");
            }

            await answer.Write(http);
        });

    /// <summary>An endpoint below <c>repos/{owner}/{repo}</c>; without the permission (e.g. <c>actions=read</c>) it is a 403.</summary>
    public static void OnRepo(
        this WebApplication app, Site site, string method, string pattern, string permission, Func<RepoCall, Task<Answer>> handle) =>
        app.On(site, method, $"{Base}/repos/{{owner}}/{{repo}}{(pattern.Length == 0 ? "" : "/" + pattern)}", async call =>
        {
            var repository = site.Repositories.Find($"{call.Route("owner")}/{call.Route("repo")}");
            if (repository is null || !call.Token.Reaches(repository.FullName)) return Answer.NotFound;
            if (Array.TrueForAll(permission.Split('|'), one => one.Split('=') is [var name, var level] && !call.Token.Allows(name, level)))
            {
                var kind = call.Token.Installation ? "integration" : "personal access token";
                return Answer.Error(403, $"Resource not accessible by {kind}") with
                {
                    Headers = new Dictionary<string, string> { ["X-Accepted-GitHub-Permissions"] = permission.Replace("|", "; ", StringComparison.Ordinal) },
                };
            }

            return await handle(new(call, repository));
        });
}
