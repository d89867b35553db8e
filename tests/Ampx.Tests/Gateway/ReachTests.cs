using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>Names, proxies and other sites' pages.</summary>
public sealed class ReachTests
{
    private const string Public = "https://ampx.example.com", Tools = "https://tools.example.com";

    [Fact]
    public async Task Behind_a_proxy_the_public_name_is_its_own()
    {
        await using var host = await Start(options => options.PublicUrl = new(Public));
        var asked = ("Host", "ampx.example.com");
        Assert.Equal(200, (await host.Get("/api/v1/whoami", asked)).Status);
        Assert.Equal(200, (await host.Get("/api/v1/whoami", asked, ("Origin", Public))).Status);
        // Also where the proxy asks by the service's own address.
        Assert.Equal(200, (await host.Get("/api/v1/whoami", ("Origin", Public))).Status);
        Assert.StartsWith($"{Public}/api/v1/tasks/", (await host.Post("/api/v1/tasks", """{"repo":"a/b","prompt":"x"}""", asked)).Headers["Location"], StringComparison.Ordinal);
        (await host.Get("/api/v1/whoami", ("Host", "ampx.example.com.evil.example"))).Problem(403, "forbidden");
    }

    [Fact]
    public async Task A_proxy_on_this_machine_says_that_people_come_by_TLS()
    {
        await using var host = await Start(options => options.PublicUrl = new(Public));
        var cookie = await Session(host, ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "ampx.example.com"), ("Origin", Public));
        Assert.Contains("secure", cookie, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Who_is_no_known_proxy_is_not_believed()
    {
        await using var host = await Start(options =>
        {
            options.PublicUrl = new(Public.Replace("https", "http", StringComparison.Ordinal));
            options.ForwardedFrom.Add("10.0.0.0/8");
        });
        Assert.DoesNotContain("secure", await Session(host, ("X-Forwarded-Proto", "https")), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_public_address_with_TLS_makes_cookies_for_TLS_only_whatever_the_proxy_says()
    {
        await using var host = await Start(options => options.PublicUrl = new(Public));
        Assert.Contains("secure", await Session(host), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_rebound_name_is_refused_whatever_it_says_of_a_proxy()
    {
        await using var host = await Start(_ => { });
        (await host.Get("/api/v1/whoami", ("Host", "evil.example"), ("X-Forwarded-Host", "localhost"))).Problem(403, "forbidden");
        (await host.Get("/api/v1/whoami", ("X-Forwarded-Host", "evil.example"))).Problem(403, "forbidden");
    }

    [Fact]
    public async Task Pages_that_are_listed_may_call_with_a_token_and_no_others()
    {
        await using var host = await Start(options => options.Origins.Add(Tools));
        (string, string)[] asks = [("Origin", Tools), ("Access-Control-Request-Method", "PATCH"), ("Access-Control-Request-Headers", "authorization")];
        var preflight = await GatewayHost.Send(host.Stranger, HttpMethod.Options, "/api/v1/tasks/x", null, asks);
        Assert.Equal((204, Tools), (preflight.Status, preflight.Headers["Access-Control-Allow-Origin"]));
        Assert.DoesNotContain("Access-Control-Allow-Credentials", preflight.Headers.Keys);
        var answer = await host.Post("/api/v1/tasks", """{"repo":"a/b","prompt":"x"}""", ("Origin", Tools), ("Sec-Fetch-Site", "cross-site"));
        Assert.Equal((201, Tools), (answer.Status, answer.Headers["Access-Control-Allow-Origin"]));
        var other = await GatewayHost.Send(host.Stranger, HttpMethod.Options, "/api/v1/tasks/x", null, ("Origin", "https://evil.example"), asks[1], asks[2]);
        Assert.DoesNotContain("Access-Control-Allow-Origin", other.Headers.Keys);
        (await host.Get("/api/v1/whoami", ("Origin", "https://evil.example"))).Problem(403, "forbidden");
    }

    [Fact]
    public async Task Without_a_list_no_page_is_told_anything()
    {
        await using var host = await Start(_ => { });
        var preflight = await GatewayHost.Send(host.Stranger, HttpMethod.Options, "/api/v1/tasks", null, ("Origin", Tools), ("Access-Control-Request-Method", "POST"));
        Assert.InRange(preflight.Status, 400, 499);
        Assert.DoesNotContain(preflight.Headers.Keys, name => name.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<string> Session(GatewayHost host, params (string, string)[] headers) =>
        (await GatewayHost.Send(host.Stranger, HttpMethod.Post, "/session", $$"""{"token":"{{host.Token}}"}""", headers)).Headers["Set-Cookie"];

    private static async Task<GatewayHost> Start(Action<Ampx.Gateway.GatewayOptions> more)
    {
        var host = new GatewayHost { More = more };
        await host.InitializeAsync();
        return host;
    }
}
