using System.Text.Json;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Repositories;
using Ampx.FakeGitHub.Rest;
using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub.Control;

/// <summary>What <see cref="Site"/> offers in process, for other processes: JSON in snake case below <c>/_control/</c>.</summary>
internal static class ControlEndpoints
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, PropertyNameCaseInsensitive = true };

    public static void MapControl(this WebApplication app, Site site)
    {
        MapArranging(app, site);
        MapRuns(app, site);
        MapLooking(app, site);
    }

    private static void MapArranging(WebApplication app, Site site)
    {
        On<RepositorySpec>(app, "POST", "repos", async (_, spec) => Shapes.Repository(site, await site.Repositories.Create(spec), null));
        On<RepositorySettings>(app, "PUT", "repos/{owner}/{repo}/settings", (http, settings) => Done(Of(site, http).Settings = settings));
        On<Rule>(app, "POST", "repos/{owner}/{repo}/rules", async (http, rule) =>
        {
            var rules = Of(site, http).Rules;
            if (rule.Protect is not null) await rules.Protect(rule.Protect);
            if (rule.Ruleset is not null) await rules.CloseByRuleset(rule.Ruleset);
            if (rule.Secret is not null) await rules.ForbidSecret(rule.Secret);
            if (rule.MaxFileBytes is { } bytes) await rules.LimitFileSize(bytes);
            return rule;
        });
        On<object>(app, "DELETE", "repos/{owner}/{repo}/rules", async (http, _) =>
        {
            await Of(site, http).Rules.Clear();
            return new { };
        });
        On<NewName>(app, "POST", "repos/{owner}/{repo}/rename", (http, name) =>
        {
            site.Repositories.Rename(Of(site, http).FullName, name.FullName);
            return Done(name);
        });
        On<NewIssue>(app, "POST", "repos/{owner}/{repo}/issues", (http, issue) =>
            Done(PullShapes.Issue(site, Of(site, http), site.Repositories.CreateIssue(Of(site, http).FullName, issue.Title, issue.Body))));
        On<NewReview>(app, "POST", "repos/{owner}/{repo}/pulls/{number:int}/reviews", async (http, review) =>
        {
            await site.Repositories.Review(Of(site, http).FullName, int.Parse((string)http.GetRouteValue("number")!), review.State ?? "APPROVED", review.Author ?? "octo-reviewer");
            return review;
        });
        On<TokenSpec>(app, "POST", "tokens", (_, spec) => Done(new { token = site.Tokens.Create(spec).Value }));
        On<object>(app, "DELETE", "tokens/{value}", (http, _) => Done(new { revoked = site.Tokens.Revoke((string)http.GetRouteValue("value")!) }));
        On<NewApp>(app, "POST", "apps", (_, spec) => Done(new { installation_id = site.Apps.Register(spec.Id, spec.PublicKey, spec.Permissions).InstallationId }));
        On<Limit>(app, "PUT", "rate-limit", (_, limit) =>
        {
            DateTimeOffset? reset = limit.ResetIn is { } seconds ? site.Now.AddSeconds(seconds) : null;
            foreach (var token in site.Tokens.All.Where(token => limit.Token is null || token.Value == limit.Token)) token.RateLimit.Set(limit.Remaining, reset, limit.PerHour);
            return Done(limit);
        });
        On<Fault>(app, "POST", "faults", (_, fault) =>
        {
            site.Faults.Add(fault);
            return Done(fault);
        });
        On<object>(app, "DELETE", "faults", (_, _) =>
        {
            site.Faults.Clear();
            return Done(new { });
        });
        On<Hook>(app, "POST", "hooks", (_, hook) =>
        {
            site.Webhooks.Add(hook);
            return Done(hook);
        });
        On<Mischief>(app, "PUT", "hooks/mischief", (_, mischief) => Done(site.Webhooks.Mischief = mischief));
    }

    private static void MapRuns(WebApplication app, Site site)
    {
        On<RunScript>(app, "POST", "repos/{owner}/{repo}/scripts", (http, script) =>
        {
            site.Actions.Script(Of(site, http), script);
            return Done(script);
        });
        On<NewRun>(app, "POST", "repos/{owner}/{repo}/runs", (http, run) =>
            Done(ActionShapes.Run(site, Of(site, http), site.Actions.Add(Of(site, http), run.Sha, run.Branch, run.Run))));
        On<RunSpec>(app, "PATCH", "repos/{owner}/{repo}/runs/{id:long}", (http, spec) =>
        {
            var run = Of(site, http).Runs.First(one => $"{one.Id}" == (string)http.GetRouteValue("id")!);
            site.Actions.Update(Of(site, http), run, spec);
            return Done(ActionShapes.Run(site, Of(site, http), run));
        });
    }

    private static void MapLooking(WebApplication app, Site site)
    {
        On<object>(app, "GET", "requests", (_, _) => Done(site.Requests.All));
        On<object>(app, "DELETE", "requests", (_, _) =>
        {
            site.Requests.Clear();
            return Done(new { });
        });
        On<object>(app, "GET", "counters", (_, _) => Done(site.Requests.Counts));
        On<object>(app, "GET", "violations", (_, _) => Done(site.Requests.Violations));
        On<object>(app, "GET", "errors", (_, _) => Done(site.Errors.Select(error => error.ToString()).ToArray()));
        On<object>(app, "GET", "pushes", (_, _) => Done(site.Pushes.Log));
        On<object>(app, "GET", "deliveries", (_, _) => Done(site.Webhooks.Deliveries));
        On<object>(app, "GET", "repos/{owner}/{repo}/runs", (http, _) =>
            Done(Of(site, http).Runs.Select(run => ActionShapes.Run(site, Of(site, http), run)).ToArray()));
    }

    private static Task<object> Done(object result) => Task.FromResult(result);

    private static Repository Of(Site site, HttpContext http) => site.Repositories[$"{http.GetRouteValue("owner")}/{http.GetRouteValue("repo")}"];

    private static void On<TBody>(WebApplication app, string method, string pattern, Func<HttpContext, TBody, Task<object>> handle) where TBody : class =>
        app.MapMethods("/_control/" + pattern, [method], async http =>
        {
            try
            {
                var body = method is "GET" or "DELETE" ? null : await http.Request.ReadFromJsonAsync<TBody>(Json);
                await http.Response.WriteAsJsonAsync(await handle(http, body!), Json);
            }
            catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException or KeyNotFoundException)
            {
                http.Response.StatusCode = StatusCodes.Status400BadRequest;
                await http.Response.WriteAsJsonAsync(new { message = e.Message }, Json);
            }
        });

    private sealed record Rule(string? Protect, string? Ruleset, string? Secret, long? MaxFileBytes);

    private sealed record NewName(string FullName);

    private sealed record NewIssue(string Title, string Body);

    private sealed record NewReview(string? State, string? Author);

    private sealed record NewApp(long Id, string PublicKey, Dictionary<string, string>? Permissions);

    private sealed record Limit(string? Token, int? Remaining, double? ResetIn, int? PerHour);

    private sealed record NewRun(string Sha, string Branch, RunSpec Run);
}
