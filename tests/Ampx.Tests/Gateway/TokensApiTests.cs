using System.Net.Http.Headers;
using Ampx.Core.Api;
using Ampx.Gateway.Auth;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.Storage;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class TokensApiTests(TokenGateway gateway) : IClassFixture<TokenGateway>
{
    private GatewayHost Host => gateway.Host;

    [Fact]
    public async Task A_token_is_shown_once_and_works_for_its_user()
    {
        var made = await Host.Post("/api/v1/tokens", """{"name":"laptop","user":"ada","role":"lead","expires_in":"90.00:00:00"}""");
        Assert.Equal((201, "no-store"), (made.Status, made.Headers["Cache-Control"]));
        var secret = made.Json.GetProperty("token").GetString()!;
        Assert.Matches("^ampx_[A-Za-z0-9_-]{43}$", secret);
        Assert.Equal(Host.Time.GetUtcNow().AddDays(90), made.Json.GetProperty("expires_at").GetDateTimeOffset());
        Assert.Equal("""{"name":"ada","role":"lead"}""", (await gateway.Send(secret, HttpMethod.Get, "/api/v1/whoami")).Body);
        var list = await Host.Get("/api/v1/tokens");
        Assert.DoesNotContain(secret, list.Body, StringComparison.Ordinal);
        Assert.DoesNotContain(Secrets.HashOf(secret), list.Body, StringComparison.Ordinal);
        var listed = list.Json.GetProperty("tokens").EnumerateArray().Single(token => token.GetProperty("id").GetString() == made.Json.GetProperty("id").GetString());
        Assert.Equal(["created_at", "expires_at", "id", "last_used_at", "name", "role", "user"], listed.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(Host.Log.Lines, line => line.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_isnt_said_of_a_token_is_little()
    {
        var made = (await Host.Post("/api/v1/tokens", """{"name":"grace"}""")).Json;
        Assert.Equal(("grace", "member"), (made.GetProperty("user").GetString(), made.GetProperty("role").GetString()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, made.GetProperty("expires_at").ValueKind);
    }

    [Theory]
    [InlineData("{}", "name")]
    [InlineData("""{"name":" "}""", "name")]
    [InlineData("""{"name":"a\tb"}""", "name")]
    [InlineData("""{"name":"system"}""", "name")]
    [InlineData("""{"name":"x","user":"all"}""", "user")]
    [InlineData("""{"name":"x","user":""}""", "user")]
    [InlineData("""{"name":"x","role":"root"}""", "role")]
    [InlineData("""{"name":"x","role":3}""", "role")]
    [InlineData("""{"name":"x","expires_in":"-01:00:00"}""", "expires_in")]
    [InlineData("""{"name":"x","expires_in":"9999.00:00:00"}""", "expires_in")]
    [InlineData("""{"name":"x","token":"mine"}""", "token")]
    public async Task A_wrong_wish_is_named(string body, string field) => (await Host.Post("/api/v1/tokens", body)).BadFields(field);

    [Fact]
    public async Task A_revoked_token_is_refused_at_once_by_every_gateway()
    {
        var other = await gateway.Another();
        var (id, secret) = await gateway.Issue("bob", Role.Member);
        var bearer = ("Authorization", $"Bearer {secret}");
        Assert.Equal(200, (await GatewayHost.Send(other.Stranger, HttpMethod.Get, "/api/v1/whoami", null, bearer)).Status);
        Assert.Equal(204, (await Host.Send(HttpMethod.Delete, $"/api/v1/tokens/{id.ToLowerInvariant()}", null)).Status);
        foreach (var host in new[] { Host, other })
            Assert.Contains("revoked", (await GatewayHost.Send(host.Stranger, HttpMethod.Get, "/api/v1/whoami", null, bearer)).Problem(401, "unauthorized").GetProperty("detail").GetString(), StringComparison.Ordinal);
        (await Host.Send(HttpMethod.Delete, $"/api/v1/tokens/{id}", null)).Problem(404, "not_found");
    }

    [Fact]
    public async Task What_a_revoked_token_follows_is_broken_off()
    {
        var (id, secret) = await gateway.Issue("bob", Role.Viewer);
        var task = gateway.Host.Tasks.Has(Ulid.NewUlid().ToString()).State!.Id;
        Host.Logs.Prints(task, "one");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/tasks/{task}/logs/stream");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        using var answer = await Host.Stranger.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var stream = new StreamReader(await answer.Content.ReadAsStreamAsync());
        while (await stream.ReadLineAsync() is { } line && !line.StartsWith("data:", StringComparison.Ordinal)) ;
        var rest = stream.ReadToEndAsync();
        Host.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(rest.IsCompleted);
        await Host.Send(HttpMethod.Delete, $"/api/v1/tokens/{id}", null);
        await Stage.Until(() =>
        {
            Host.Time.Advance(TimeSpan.FromSeconds(1));
            return Task.FromResult(rest.IsCompleted);
        }, "the stream has ended");
        await Assert.ThrowsAnyAsync<IOException>(() => rest);
    }

    [Fact]
    public async Task An_expired_token_says_so_and_how_to_get_another()
    {
        var secret = await gateway.Expired();
        var detail = (await gateway.Send(secret, HttpMethod.Get, "/api/v1/whoami")).Problem(401, "unauthorized").GetProperty("detail").GetString();
        Assert.Contains($"of eve expired at {Host.Time.GetUtcNow():yyyy-MM-dd HH:mm} UTC", detail, StringComparison.Ordinal);
        Assert.Contains("ampx token create", detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_use_is_kept_to_the_minute()
    {
        var (id, secret) = await gateway.Issue("ada", Role.Viewer);
        var first = Host.Time.GetUtcNow();
        await gateway.Send(secret, HttpMethod.Get, "/api/v1/whoami");
        await UntilUsed(id, at => at >= first);
        Host.Time.Advance(TimeSpan.FromMinutes(2));
        await gateway.Send(secret, HttpMethod.Get, "/api/v1/whoami");
        await UntilUsed(id, at => at >= first.AddMinutes(2));
    }

    [Fact]
    public async Task A_browsers_session_lives_as_long_as_the_token_that_began_it()
    {
        var (id, secret) = await gateway.Issue("ada", Role.Member);
        var other = await gateway.Another();
        // Made by one gateway, taken by another: they may stand behind one address.
        var link = (await gateway.Send(secret, HttpMethod.Post, "/api/v1/signin-links", "{}")).Json.GetProperty("path").GetString()!;
        var signedIn = await GatewayHost.Send(other.Stranger, HttpMethod.Get, link, null);
        Assert.Equal(302, signedIn.Status);
        (await GatewayHost.Send(other.Stranger, HttpMethod.Get, link, null)).Problem(401, "unauthorized");
        var cookie = ("Cookie", signedIn.Headers["Set-Cookie"].Split(';')[0]);
        Assert.Equal("""{"name":"ada","role":"member"}""", (await GatewayHost.Send(other.Stranger, HttpMethod.Get, "/api/v1/whoami", null, cookie)).Body);
        await Host.Send(HttpMethod.Delete, $"/api/v1/tokens/{id}", null);
        (await GatewayHost.Send(other.Stranger, HttpMethod.Get, "/api/v1/whoami", null, cookie)).Problem(401, "unauthorized");
    }

    [Fact]
    public async Task A_session_ends_with_its_token_or_after_a_week_or_when_told_to()
    {
        var (_, secret) = await gateway.Issue("ada", Role.Member);
        var made = await gateway.Send(null, HttpMethod.Post, "/session", $$"""{"token":"{{secret}}"}""");
        var cookie = ("Cookie", made.Headers["Set-Cookie"].Split(';')[0]);
        Assert.Equal(204, (await gateway.Send(null, HttpMethod.Delete, "/session", null, cookie, ("Sec-Fetch-Site", "same-origin"))).Status);
        (await gateway.Send(null, HttpMethod.Get, "/api/v1/whoami", null, cookie)).Problem(401, "unauthorized");
        (await gateway.Send(null, HttpMethod.Post, "/session", $$"""{"token":"{{await gateway.Expired()}}"}""")).Problem(401, "unauthorized");
        made = await gateway.Send(null, HttpMethod.Post, "/session", $$"""{"token":"{{secret}}"}""");
        cookie = ("Cookie", made.Headers["Set-Cookie"].Split(';')[0]);
        Host.Time.Advance(TimeSpan.FromDays(7));
        (await gateway.Send(null, HttpMethod.Get, "/api/v1/whoami", null, cookie)).Problem(401, "unauthorized");
    }

    [Fact]
    public async Task A_token_that_asks_too_much_waits_and_others_dont()
    {
        var host = await gateway.Another(options => options.RateLimit = (1, 5));
        var (_, hasty) = await gateway.Issue("hasty", Role.Viewer);
        var (_, calm) = await gateway.Issue("calm", Role.Viewer);
        Task<Answer> Ask(string secret) => GatewayHost.Send(host.Stranger, HttpMethod.Get, "/api/v1/whoami", null, ("Authorization", $"Bearer {secret}"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Ask(hasty)));
        var refused = answers.Where(answer => answer.Status == 429).ToList();
        Assert.InRange(refused.Count, 10, 25);
        Assert.All(refused, answer =>
        {
            answer.Problem(429, "too_many_requests");
            Assert.InRange(int.Parse(answer.Headers["Retry-After"], null), 1, 60);
        });
        Assert.Equal(200, (await Ask(calm)).Status);
        Assert.Equal(200, (await GatewayHost.Send(host.Stranger, HttpMethod.Get, "/health/live", null)).Status);
    }

    [Fact]
    public async Task A_token_has_so_many_streams_and_one_that_ends_gives_its_place_back()
    {
        var host = await gateway.Another(options => options.Streams = 2);
        var path = $"/api/v1/tasks/{host.Tasks.Has(Ulid.NewUlid().ToString()).State!.Id}/logs/stream";
        var (_, many) = await gateway.Issue("many", Role.Viewer);
        var (_, other) = await gateway.Issue("other", Role.Viewer);

        var first = await Open(many);
        using var second = await Open(many);
        foreach (var stream in new[] { path, "/api/v1/tasks/stream" })
        {
            var refused = await GatewayHost.Send(host.Stranger, HttpMethod.Get, stream, null, ("Authorization", $"Bearer {many}"));
            Assert.Contains("2 streams", refused.Problem(429, "too_many_requests").GetProperty("detail").GetString()!, StringComparison.Ordinal);
            Assert.Equal("5", refused.Headers["Retry-After"]);
        }

        using (var others = await Open(other)) Assert.Equal(200, (int)others.StatusCode);
        first.Dispose();
        await Stage.Until(async () =>
        {
            using var again = await Open(many);
            return (int)again.StatusCode == 200;
        }, "a place is free again");

        async Task<HttpResponseMessage> Open(string secret)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Authorization = new("Bearer", secret) } };
            return await host.Stranger.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
    }

    [Fact]
    public async Task In_mode_local_there_are_none_and_no_limit()
    {
        await using var local = new GatewayHost { More = options => options.RateLimit = (1, 1) };
        await local.InitializeAsync();
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Delete })
            (await local.Send(method, method == HttpMethod.Delete ? "/api/v1/tokens/x" : "/api/v1/tokens", method == HttpMethod.Post ? """{"name":"x"}""" : null)).Problem(409, "conflict");
    }

    private async Task UntilUsed(string id, Func<DateTimeOffset, bool> when) => await Stage.Until(async () =>
    {
        Host.Time.Advance(TimeSpan.FromSeconds(1));
        return (await gateway.Store.All(StorageFolder.Soon)).Single(token => token.Id == id).LastUsedAt is { } at && when(at);
    }, "the use is noted");
}
