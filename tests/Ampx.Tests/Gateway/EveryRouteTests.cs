using Ampx.Core.Api;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>Every route of the gateway against everybody who may not use it: nothing gets through.</summary>
public sealed class EveryRouteTests(TokenGateway gateway) : IClassFixture<TokenGateway>
{
    /// <summary>What needs more than to be signed in. A route that changes something and isn't here fails the test: say who may.</summary>
    private static readonly Dictionary<string, Role> Least = new(StringComparer.Ordinal)
    {
        ["POST /api/v1/tasks"] = Role.Member,
        ["PATCH /api/v1/tasks/{id}"] = Role.Member,
        ["DELETE /api/v1/tasks/{id}"] = Role.Member,
        ["POST /api/v1/signin-links"] = Role.Viewer,
        ["POST /tasks/{**rest}"] = Role.Viewer, // only says where the route is
        ["GET /api/v1/tokens"] = Role.Admin,
        ["POST /api/v1/tokens"] = Role.Admin,
        ["DELETE /api/v1/tokens/{id}"] = Role.Admin,
        ["POST /api/v1/admin/check"] = Role.Admin,
        ["POST /api/v1/admin/backup"] = Role.Admin,
        ["POST /api/v1/silos/{name}/drain"] = Role.Admin,
    };

    [Fact]
    public async Task Nobody_gets_through_who_may_not()
    {
        var routes = Routes();
        Assert.True(routes.Count >= 25, $"only {routes.Count} routes");
        Assert.Empty(Least.Keys.Except(routes));
        var (_, admin) = await gateway.Issue("root", Role.Admin);
        var nobodies = new[] { null, "ampx_nonsense", await gateway.Revoked(), await gateway.Expired() };
        foreach (var route in routes)
        {
            foreach (var nobody in nobodies) (await Try(route, nobody)).Problem(401, "unauthorized");
            foreach (var origin in new[] { "https://evil.example", "null", "http://127.0.0.1:1" }) (await Try(route, admin, ("Origin", origin))).Problem(403, "forbidden");
            (await Try(route, admin, ("Host", "evil.example"))).Problem(403, "forbidden");
            (await Try(route, admin, ("Sec-Fetch-Site", "cross-site"))).Problem(403, "forbidden");
        }
    }

    [Fact]
    public async Task Every_role_gets_where_it_may_and_nowhere_else()
    {
        foreach (var role in Enum.GetValues<Role>())
        {
            var (_, secret) = await gateway.Issue($"a {role}", role);
            foreach (var route in Routes())
            {
                var answer = await Try(route, secret);
                if (role < LeastOf(route)) answer.Problem(403, "forbidden");
                else Assert.False(answer.Status is 401 or 403 or >= 500, $"{role} {route}: {answer.Status} {answer.Body}");
            }
        }
    }

    [Theory]
    [InlineData(Role.Viewer, "ada", 403)]
    [InlineData(Role.Member, "ada", 204)]
    [InlineData(Role.Member, "grace", 403)]
    [InlineData(Role.Member, "Ada", 403)]
    [InlineData(Role.Lead, "grace", 204)]
    [InlineData(Role.Admin, "grace", 204)]
    public async Task Members_change_their_own_tasks_and_leads_all(Role role, string owner, int status)
    {
        var (_, secret) = await gateway.Issue("ada", role);
        foreach (var (method, body) in new[] { ("PATCH", """{"action":"abort"}"""), ("PATCH", """{"action":"continue"}"""), ("PATCH", """{"action":"merge"}"""), ("DELETE", null) })
        {
            var task = gateway.Host.Tasks.Has(Ulid.NewUlid().ToString(), owner);
            if (body?.Contains("abort", StringComparison.Ordinal) is not true) task.Succeeds();
            task.OnMerge = new Core.Tasks.Merged("m1");
            var (before, path) = (task.State, $"/api/v1/tasks/{task.State!.Id}");
            Assert.Equal(200, (await gateway.Send(secret, HttpMethod.Get, path)).Status);
            var answer = await gateway.Send(secret, new(method), path, body);
            if (status == 204) Assert.True(answer.Status == 204, $"{method} {body}: {answer.Status} {answer.Body}");
            else answer.Problem(403, "forbidden");
            Assert.Equal(status == 403, ReferenceEquals(before, task.State));
        }
    }

    [Fact]
    public async Task Who_continues_anothers_task_stands_in_its_timeline_and_its_owner_stays()
    {
        var (_, lead) = await gateway.Issue("lara", Role.Lead);
        var id = gateway.Host.Tasks.Has(Ulid.NewUlid().ToString(), "ada").Succeeds().State!.Id;
        Assert.Equal(204, (await gateway.Send(lead, HttpMethod.Patch, $"/api/v1/tasks/{id}", """{"action":"continue","prompt":"and its test"}""")).Status);
        Assert.Equal("ada", (await gateway.Send(lead, HttpMethod.Get, $"/api/v1/tasks/{id}")).Json.GetProperty("owner").GetString());
        var last = (await gateway.Send(lead, HttpMethod.Get, $"/api/v1/tasks/{id}/timeline")).Json.GetProperty("entries").EnumerateArray().Last();
        Assert.Equal(("continue_requested", "lara"), (last.GetProperty("cause").GetString(), last.GetProperty("by").GetString()));
    }

    [Fact]
    public async Task A_tasks_owner_is_the_tokens_user()
    {
        var (_, secret) = await gateway.Issue("mia", Role.Member);
        Assert.Equal("mia", (await gateway.Send(secret, HttpMethod.Post, "/api/v1/tasks", """{"repo":"acme/shop","prompt":"x"}""")).Json.GetProperty("owner").GetString());
        Assert.Single((await gateway.Send(secret, HttpMethod.Get, "/api/v1/tasks")).Json.GetProperty("tasks").EnumerateArray());
    }

    private static Role LeastOf(string route) => Least.TryGetValue(route, out var least) ? least
        : route.StartsWith("GET ", StringComparison.Ordinal) ? Role.Viewer
        : throw new InvalidOperationException($"who may use {route}? Put it into this test's table");

    private Task<Answer> Try(string route, string? secret, params (string, string)[] headers)
    {
        var (method, path) = (route[..route.IndexOf(' ', StringComparison.Ordinal)], route[(route.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        path = path.Replace("{id}", "01AAAAAAAAAAAAAAAAAAAAAAAA", StringComparison.Ordinal).Replace("{name}", "nobody", StringComparison.Ordinal)
            .Replace("{**rest}", "x", StringComparison.Ordinal).Replace("{documentName}", "v1", StringComparison.Ordinal);
        if (path.EndsWith("/tasks/stream", StringComparison.Ordinal)) path += "?id=01AAAAAAAAAAAAAAAAAAAAAAAA"; // without one it never ends
        return gateway.Send(secret, new(method), path, method is "GET" ? null : "{}", headers);
    }

    private List<string> Routes() => [.. gateway.Host.Routes
        .Where(route => route.Metadata.GetMetadata<IAllowAnonymous>() is null)
        .SelectMany(route => (route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"]).Select(method => $"{method} /{route.RoutePattern.RawText!.TrimStart('/')}"))
        .Distinct()];
}
