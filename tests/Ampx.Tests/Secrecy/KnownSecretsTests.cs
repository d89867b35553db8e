using Ampx.Silo.Agents;
using Ampx.Silo.Hosting;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Ampx.Tests.Secrecy;

public sealed class KnownSecretsTests
{
    private static readonly string[] Names = ["GITHUB_TOKEN", "GH_TOKEN", "GITHUB_PRIVATE_KEY_PATH", "AMPX_TOKEN", "Ampx__GitHub__Token", "ampx__Storage__ConnectionString", "ConnectionStrings__Main", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "PATH"];

    [Fact]
    public void Secrets_of_settings_and_environment_are_known_and_other_settings_are_not()
    {
        var settings = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Ampx:GitHub:WebhookSecret"] = "webhook words",
            ["Ampx:Storage:ConnectionString"] = "Host=db;Username=ampx;Password=data base words",
            ["Ampx:Auth:Mode"] = "tokens-of-users",
        }).Build();
        var redactor = KnownSecrets.Of(settings, new Dictionary<string, string> { ["MY_API_KEY"] = "environment words", ["TOKEN"] = "/a/path/of/one", ["MONKEY"] = "animal words" }, "/nowhere");

        Assert.Equal("***, ***, ***", redactor.Mask("webhook words, data base words, environment words"));
        Assert.Equal("Host=db;Username=ampx, tokens-of-users, /a/path/of/one, animal words", redactor.Mask("Host=db;Username=ampx, tokens-of-users, /a/path/of/one, animal words"));
    }

    [Theory]
    [InlineData(AgentKind.Amp)]
    [InlineData(AgentKind.Command)]
    public void Nothing_of_the_services_own_reaches_an_agent(AgentKind kind)
    {
        var service = Names.ToDictionary(name => name, _ => "a value");
        // Not by a pattern that fits all either.
        var environment = AgentEnvironment.For(new AgentOptions { Kind = kind, Command = "x", PassEnvironment = ["G*", "A*X*", "a*"] }, service);

        Assert.Equal("a value", environment["PATH"]);
        Assert.DoesNotContain(environment.Keys, name => name != "PATH" && service.ContainsKey(name));
    }
}
