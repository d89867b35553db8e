using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Accounts;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace Ampx.Tests.Forges;

public sealed class PersonalTokenTests
{
    [Fact]
    public async Task It_knows_whose_token_it_is_and_a_classic_ones_scopes()
    {
        await using var world = await AppWorld.Start();
        var fine = await Of(world, new TokenSpec { Login = "octo-dev" }).WhoAmI(null, default);
        var classic = await Of(world, new TokenSpec { Login = "octo-old", Scopes = ["repo", "workflow"] }).WhoAmI(null, default);

        Assert.Equal(("octo-dev", false, null, null), (fine.Login, fine.IsApp, fine.Scopes, fine.Permissions));
        Assert.Equal("octo-old", classic.Login);
        Assert.Equal(["repo", "workflow"], classic.Scopes!);
    }

    [Fact]
    public async Task One_that_GitHub_refuses_is_told_with_the_ways_to_give_another()
    {
        await using var world = await AppWorld.Start();
        using var credential = Of(world, new TokenSpec { Value = "ghp_dead0123456789dead0123456789dead01" });
        world.Server.Site.Tokens.Revoke("ghp_dead0123456789dead0123456789dead01");

        var no = await Assert.ThrowsAsync<ForgeException>(() => credential.WhoAmI(null, default));

        Assert.Equal(ErrorCodes.GitHubUnauthorized, no.Code);
        Assert.Contains("gh auth login", no.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ghp_dead", no.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_budget_has_a_stable_name_that_tells_nothing()
    {
        await using var world = await AppWorld.Start();
        using var credential = Of(world, new TokenSpec { Value = "ghp_secret0123456789secret0123456789" });

        var token = await credential.Token(world.Repo, default);

        Assert.Matches("^token-[0-9a-f]{12}$", token.BudgetKey);
        Assert.Equal(token, await credential.TokenForPush(world.Repo, default));
        Assert.Null(await credential.Replace(world.Repo, token.Value, default));
        Assert.Equal([token.Value], credential.Secrets);
        Assert.DoesNotContain("secret", token.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, typeof(AppCredential))]
    [InlineData(false, typeof(PersonalToken))]
    public async Task An_App_goes_before_a_token(bool withApp, Type expected)
    {
        await using var world = await AppWorld.Start();
        var settings = new Dictionary<string, string?> { ["Ampx:GitHub:Token"] = "ghp_x" };
        if (withApp) (settings["Ampx:GitHub:AppId"], settings["Ampx:GitHub:PrivateKeyPath"]) = ("77", world.KeyFile);
        await using var services = new ServiceCollection().AddLogging()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())
            .AddGitHub().BuildServiceProvider();

        Assert.IsType(expected, services.GetRequiredService<IGitHubCredential>());
    }

    private static PersonalToken Of(AppWorld world, TokenSpec spec) =>
        new(Options.Create(new GitHubOptions { ApiUrl = world.Options.ApiUrl, WebUrl = world.Options.WebUrl, Token = world.Server.Site.Tokens.Create(spec).Value }), world.Clients);
}
