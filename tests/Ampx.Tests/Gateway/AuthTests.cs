using Ampx.Gateway.Auth;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class AuthTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    private static readonly string[] Open =
    [
        "/", "/api/v1/session", "/api/v1/signin", "/assets/{name}", "/health/live", "/health/ready", "/session", "/signin", "/statistics",
        "/t/01AAAAAAAAAAAAAAAAAAAAAAAA", "/webhooks/github",
    ];

    private string Own => gateway.Address.GetLeftPart(UriPartial.Authority);

    [Fact]
    public async Task No_route_but_the_open_ones_answers_a_stranger()
    {
        Assert.Equal(Open, gateway.Routes.Where(route => route.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(PathOf).Distinct().Order(StringComparer.Ordinal));
        var closed = gateway.Routes.Where(route => route.Metadata.GetMetadata<IAllowAnonymous>() is null).ToList();
        Assert.True(closed.Count >= 15, $"only {closed.Count} routes");
        foreach (var route in closed)
        {
            foreach (var method in route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"])
            {
                foreach (var header in new[] { "", "Bearer ", "Bearer wrong", $"Bearer {gateway.Token}x", $"Basic {gateway.Token}", gateway.Token })
                {
                    var answer = await GatewayHost.Send(gateway.Stranger, new(method), PathOf(route), method is "GET" ? null : "{}", header.Length > 0 ? [("Authorization", header)] : []);
                    answer.Problem(401, "unauthorized");
                    Assert.StartsWith("Bearer", answer.Headers["WWW-Authenticate"], StringComparison.Ordinal);
                }
            }
        }

        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/api/v1/no-such-thing", null)).Problem(401, "unauthorized");
        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/api/v1/whoami", null, ("Cookie", $"ampx_{gateway.Address.Port}=YQ.YQ"))).Problem(401, "unauthorized");

        static string PathOf(RouteEndpoint route) => route.RoutePattern.RawText!.Replace("{id}", "01AAAAAAAAAAAAAAAAAAAAAAAA", StringComparison.Ordinal).Replace("/{**rest}", "", StringComparison.Ordinal);
    }

    [Fact]
    public void The_token_file_is_for_its_owner_only_and_made_once()
    {
        var folder = Path.Combine(gateway.DataDirectory, "another");
        foreach (var round in Enumerable.Range(0, 200))
        {
            if (round > 0) File.Delete(LocalToken.PathIn(folder));
            var tokens = new string[8];
            using var together = new Barrier(tokens.Length);
            var starters = Enumerable.Range(0, tokens.Length).Select(n => new Thread(() =>
            {
                together.SignalAndWait();
                LocalToken.ReadOrMake(folder);
                tokens[n] = File.ReadAllText(LocalToken.PathIn(folder));
            })).ToList();
            starters.ForEach(starter => starter.Start());
            starters.ForEach(starter => starter.Join());
            Assert.Single(tokens.Distinct());
        }

        Assert.Equal([LocalToken.PathIn(folder)], Directory.GetFiles(folder));
        if (OperatingSystem.IsWindows()) return;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(LocalToken.PathIn(folder)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
        File.WriteAllText(LocalToken.PathIn(folder), "");
        Assert.Contains("delete the file", Assert.Throws<InvalidOperationException>(() => LocalToken.ReadOrMake(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sign_in_link_works_once()
    {
        var link = (await gateway.Post("/api/v1/signin-links", "{}")).Json;
        var path = link.GetProperty("path").GetString()!;
        Assert.Equal($"/signin?code={link.GetProperty("code").GetString()}", path);
        var signedIn = await Stranger(HttpMethod.Get, path);
        Assert.Equal((302, "/"), (signedIn.Status, signedIn.Headers["Location"]));
        var cookie = signedIn.Headers["Set-Cookie"];
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("the dashboard", (await Stranger(HttpMethod.Get, "/dashboard", ("Cookie", cookie.Split(';')[0]))).Body);
        (await Stranger(HttpMethod.Get, path)).Problem(401, "unauthorized");
    }

    [Fact]
    public async Task A_sign_in_link_is_good_for_60_seconds()
    {
        var (early, late) = (gateway.Codes.New(), gateway.Codes.New());
        gateway.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(302, (await Stranger(HttpMethod.Get, early.Path)).Status);
        gateway.Time.Advance(TimeSpan.FromSeconds(1));
        (await Stranger(HttpMethod.Get, late.Path)).Problem(401, "unauthorized");
    }

    [Theory]
    [InlineData("/api/v1/tasks?limit=3", "/api/v1/tasks?limit=3")]
    [InlineData("//evil.example/", "/")]
    [InlineData("/\\evil.example/", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("~/x", "/")]
    [InlineData("", "/")]
    public async Task Signing_in_leads_nowhere_else(string to, string location) =>
        Assert.Equal(location, (await Stranger(HttpMethod.Get, $"{gateway.Codes.New().Path}&to={Uri.EscapeDataString(to)}")).Headers["Location"]);

    [Fact]
    public async Task A_session_is_made_with_the_token_lasts_a_week_and_ends()
    {
        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/session", """{"token":"wrong"}""")).Problem(401, "unauthorized");
        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/session", """{"tokn":"wrong"}""")).BadFields("tokn");
        var made = await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/session", $$"""{"token":"{{gateway.Token}}"}""");
        var cookie = ("Cookie", made.Headers["Set-Cookie"].Split(';')[0]);
        Assert.Equal((204, "admin"), (made.Status, (await Stranger(HttpMethod.Get, "/api/v1/whoami", cookie)).Json.GetProperty("role").GetString()));
        Assert.Contains("expires=Thu, 01 Jan 1970", (await Stranger(HttpMethod.Delete, "/session", cookie, ("Origin", Own))).Headers["Set-Cookie"], StringComparison.Ordinal);
        gateway.Time.Advance(TimeSpan.FromDays(7));
        (await Stranger(HttpMethod.Get, "/api/v1/whoami", cookie)).Problem(401, "unauthorized");
    }

    [Fact]
    public async Task A_change_by_cookie_needs_a_page_of_the_service_itself()
    {
        var made = await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/api/v1/session", $$"""{"token":"{{gateway.Token}}"}""");
        var cookie = ("Cookie", made.Headers["Set-Cookie"].Split(';')[0]);
        (string, string)[] foreign = [("Origin", "http://evil.example"), ("Origin", "null"), ("Origin", "http://127.0.0.1:1"), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "same-site"), ("X-Nothing", "")];
        foreach (var header in foreign)
            (await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/api/v1/signin-links", null, cookie, header)).Problem(403, "forbidden");
        foreach (var header in new[] { ("Origin", Own), ("Sec-Fetch-Site", "same-origin") })
            Assert.Equal(200, (await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/api/v1/signin-links", null, cookie, header)).Status);
        (await Stranger(HttpMethod.Get, "/api/v1/whoami", cookie, ("Origin", "http://evil.example"))).Problem(403, "forbidden");
    }

    [Fact]
    public async Task Another_sites_page_may_nothing_not_even_with_the_token()
    {
        var evil = ("Origin", "http://evil.example");
        (await gateway.Get("/api/v1/whoami", evil)).Problem(403, "forbidden");
        (await gateway.Get("/api/v1/whoami", ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"))).Problem(403, "forbidden");
        (await gateway.Get("/api/v1/whoami", ("Sec-Fetch-Site", "same-site"))).Problem(403, "forbidden");
        Assert.Equal(200, (await gateway.Get("/api/v1/whoami", ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"))).Status);
        (await gateway.Post("/api/v1/tasks", """{"repo":"a/b","prompt":"x"}""", evil)).Problem(403, "forbidden");
        (await Stranger(HttpMethod.Post, "/session", evil)).Problem(403, "forbidden");
        (await Stranger(HttpMethod.Get, gateway.Codes.New().Path, evil)).Problem(403, "forbidden");
        Assert.Equal(201, (await gateway.Post("/api/v1/tasks", """{"repo":"a/b","prompt":"x"}""", ("Origin", Own))).Status);
    }

    [Theory]
    [InlineData("evil.example", 403)]
    [InlineData("127.0.0.1.evil.example", 403)]
    [InlineData("10.9.8.7", 403)]
    [InlineData("LOCALHOST:8080", 200)]
    [InlineData("[::1]:8080", 200)]
    [InlineData("127.0.0.1", 200)]
    public async Task The_Host_header_must_be_a_name_of_the_service(string host, int status)
    {
        var answer = await gateway.Get("/api/v1/whoami", ("Host", host));
        if (status == 403) answer.Problem(403, "forbidden");
        else Assert.Equal(200, answer.Status);
        Assert.Equal(200, (await Stranger(HttpMethod.Get, "/health/live", ("Host", host))).Status);
    }

    [Fact]
    public async Task A_browser_that_is_not_signed_in_is_told_how()
    {
        var browser = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        foreach (var path in new[] { "/dashboard", "/signin?code=used" })
        {
            var page = await Stranger(HttpMethod.Get, path, browser);
            Assert.Equal((401, "text/html"), (page.Status, page.Type));
            Assert.Contains("<code>ampx board</code>", page.Body, StringComparison.Ordinal);
        }

        (await Stranger(HttpMethod.Get, "/dashboard", ("Accept", "*/*"))).Problem(401, "unauthorized");
    }

    private Task<Answer> Stranger(HttpMethod method, string path, params (string, string)[] headers) => GatewayHost.Send(gateway.Stranger, method, path, null, headers);
}
