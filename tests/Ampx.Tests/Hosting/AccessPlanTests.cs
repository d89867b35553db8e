using Ampx.Silo.Hosting;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Ampx.Tests.Hosting;

/// <summary>Who may reach the service: settings that don't go together end the start.</summary>
public sealed class AccessPlanTests
{
    [Theory]
    [InlineData("Urls", "http://0.0.0.0:8080", "Ampx:Urls is 'http://0.0.0.0:8080': with Auth:Mode local the service listens on loopback only (127.0.0.1, localhost); set Ampx:Auth:Mode to tokens")]
    [InlineData("Urls", "http://127.0.0.1:1;http://[::]:2", "Ampx:Urls is 'http://[::]:2': with Auth:Mode local")]
    [InlineData("Urls", "http://build-box:8080", "Ampx:Urls is 'http://build-box:8080': with Auth:Mode local")]
    [InlineData("PublicUrl", "https://ampx.example.com", "Ampx:PublicUrl is 'https://ampx.example.com/', but Ampx:Auth:Mode is 'local'")]
    [InlineData("ForwardedFrom:0", "proxy", "Ampx:ForwardedFrom has 'proxy', which is no address or network")]
    [InlineData("Cors:Origins:0", "https://tools.example.com/page", "Ampx:Cors:Origins has 'https://tools.example.com/page', which is no origin")]
    [InlineData("Cors:Origins:0", "*", "Ampx:Cors:Origins has '*', which is no origin")]
    public void What_doesnt_go_is_named(string key, string value, string words) =>
        Assert.StartsWith(words, Assert.Throws<StartException>(() => Of((key, value))).Message, StringComparison.Ordinal);

    [Fact]
    public void In_mode_tokens_it_may_be_reached_from_anywhere()
    {
        var gateway = new Ampx.Gateway.GatewayOptions();
        Of(("Auth:Mode", "tokens"), ("Urls", "http://0.0.0.0:8080;http://build-box:8081"), ("PublicUrl", "https://ampx.example.com"), ("ForwardedFrom:0", "10.0.0.0/8"), ("RateLimit:Burst", "9")).Apply(gateway);
        Assert.True(gateway.Tokens);
        Assert.Equal(["build-box"], gateway.Hosts);
        Assert.Equal((50, 9), gateway.RateLimit);
    }

    [Theory]
    [InlineData("http://0.0.0.0:8080", "http://127.0.0.1:8080")]
    [InlineData("http://[::]:8080", "http://[::1]:8080")]
    [InlineData("http://127.0.0.1:8080", "http://127.0.0.1:8080")]
    [InlineData("http://10.1.2.3:80", "http://10.1.2.3:80")]
    public void A_client_on_the_machine_gets_an_address_that_it_can_reach(string url, string reachable) => Assert.Equal(reachable, Ports.Reachable(url));

    private static AccessPlan Of(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(one => $"Ampx:{one.Key}", one => (string?)one.Value)).Build();
        return AccessPlan.Of(configuration.GetSection("Ampx").Get<ServiceOptions>() ?? new(), configuration);
    }
}
