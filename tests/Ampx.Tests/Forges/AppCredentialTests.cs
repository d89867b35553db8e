using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Control;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub.Credentials;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Xunit;

namespace Ampx.Tests.Forges;

/// <summary>A GitHub App as credential, over the fake GitHub, which checks signature and claims.</summary>
public sealed class AppCredentialTests
{
    [Fact]
    public async Task The_claims_are_what_GitHub_asks_for_and_signed_by_the_Apps_key()
    {
        await using var world = await AppWorld.Start();
        using var key = AppKey.Read("77", world.KeyFile);
        var now = world.Time.GetUtcNow();

        var checkedToken = await new JsonWebTokenHandler().ValidateTokenAsync(key.Sign(now), new()
        {
            IssuerSigningKey = new RsaSecurityKey(world.Rsa.ExportParameters(includePrivateParameters: false)),
            ValidAlgorithms = [SecurityAlgorithms.RsaSha256],
            ValidIssuer = "77",
            ValidateAudience = false,
            LifetimeValidator = (_, _, _, _) => true,
        });

        Assert.True(checkedToken.IsValid, checkedToken.Exception?.Message);
        var token = Assert.IsType<JsonWebToken>(checkedToken.SecurityToken);
        Assert.Equal(["exp", "iat", "iss"], token.Claims.Select(claim => claim.Type).Order());
        Assert.Equal(now.AddSeconds(-60).ToUnixTimeSeconds(), token.GetPayloadValue<long>("iat"));
        Assert.InRange(token.GetPayloadValue<long>("exp"), now.AddMinutes(1).ToUnixTimeSeconds(), now.AddMinutes(10).ToUnixTimeSeconds() - 1);
    }

    [Fact]
    public async Task Many_callers_at_once_mint_one_token()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");

        var tokens = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(async () => await world.Credential.Token(world.Repo, default))));

        Assert.Single(tokens.Select(token => token.Value).Distinct());
        Assert.Equal((1, 1), (world.Minted, world.LookedUp));
        Assert.Equal($"app-installation-{world.App.InstallationId}", tokens[0].BudgetKey);
        Assert.Equal("write", tokens[0].Permissions?["contents"]);
        Assert.DoesNotContain(tokens[0].Value, tokens[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_callers_whose_token_died_at_once_mint_one_new_token()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        await world.Ask();
        Assert.Equal(1, world.Server.Site.Apps.RevokeTokens());

        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Task.Run(() => world.Ask())));

        Assert.Equal(2, world.Minted);
    }

    [Fact]
    public async Task A_caller_who_gives_up_takes_the_token_from_nobody()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        using var end = new CancellationTokenSource();
        var first = world.Credential.Token(world.Repo, end.Token).AsTask();
        var second = world.Credential.Token(world.Repo, default).AsTask();
        await end.CancelAsync();

        Assert.NotEmpty((await second).Value);
        await Task.WhenAny(first);
        Assert.Equal(1, world.Minted);
    }

    [Fact]
    public async Task A_token_is_renewed_before_it_ends()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        var first = await world.Credential.Token(world.Repo, default);
        world.Pass(TimeSpan.FromMinutes(54));
        Assert.Equal(first, await world.Credential.Token(world.Repo, default));
        world.Pass(TimeSpan.FromMinutes(1));

        var second = await world.Credential.Token(world.Repo, default);

        Assert.NotEqual(first.Value, second.Value);
        Assert.Equal(first.BudgetKey, second.BudgetKey);
        Assert.Equal(world.Time.GetUtcNow().AddHours(1), second.ExpiresAt);
    }

    [Fact]
    public async Task Old_tokens_are_masked_for_an_hour_after_they_ended()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        var first = await world.Credential.Token(world.Repo, default);
        var push = await world.Credential.TokenForPush(world.Repo, default);
        world.Pass(TimeSpan.FromMinutes(119));
        var second = await world.Credential.Token(world.Repo, default);
        Assert.Equal(new[] { first.Value, push.Value, second.Value }.Order(), world.Credential.Secrets.Order());

        world.Pass(TimeSpan.FromMinutes(58));
        var third = await world.Credential.Token(world.Repo, default);
        Assert.Equal(new[] { second.Value, third.Value }.Order(), world.Credential.Secrets.Order());
    }

    [Theory]
    [InlineData(-20)]
    [InlineData(-2)]
    [InlineData(9)]
    [InlineData(20)]
    public async Task A_clock_that_goes_wrong_is_mended_by_GitHubs_own(int minutes)
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        world.Theirs.Advance(TimeSpan.FromMinutes(60));
        world.Time.Advance(TimeSpan.FromMinutes(60 + minutes));

        Assert.Equal(AppWorld.Name, await world.Ask());

        Assert.InRange(world.Server.Site.Requests.All.Count(call => call.Status == 401), 0, 1);
        world.Pass(TimeSpan.FromMinutes(50));
        var first = await world.Credential.Token(world.Repo, default);
        world.Pass(TimeSpan.FromMinutes(9));
        Assert.NotEqual(first, await world.Credential.Token(world.Repo, default));
        Assert.InRange(world.Server.Site.Requests.All.Count(call => call.Status == 401), 0, 1);
    }

    [Fact]
    public async Task Each_push_gets_a_token_of_its_own_that_opens_nothing_else()
    {
        await using var world = await AppWorld.Start();
        await world.Server.CreateRepository("acme/other", new Dictionary<string, string> { ["README.md"] = "Another." });
        world.App.Install("acme");
        var shared = await world.Credential.Token(world.Repo, default);

        var one = await world.Credential.TokenForPush(world.Repo, default);
        var two = await world.Credential.TokenForPush(world.Repo, default);

        Assert.Equal(3, new[] { shared.Value, one.Value, two.Value }.Distinct().Count());
        Assert.Equal(shared.BudgetKey, one.BudgetKey);
        var known = world.Server.Site.Tokens.Find(one.Value)!;
        Assert.Equal((true, false), (known.Reaches(AppWorld.Name), known.Reaches("acme/other")));
        Assert.Equal(shared, await world.Credential.Token(world.Repo, default));
    }

    [Fact]
    public async Task A_renamed_repository_is_pushed_to_by_its_number()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        world.Server.Site.Repositories.Rename(AppWorld.Name, "acme/abacus");

        var token = await world.Credential.TokenForPush(world.Repo, default);

        Assert.Equal(["acme/abacus"], world.Server.Site.Tokens.Find(token.Value)!.Repositories!);
    }

    [Fact]
    public async Task Each_account_has_its_own_installation_and_token()
    {
        await using var world = await AppWorld.Start();
        await world.Server.CreateRepository("umbrella/hive", new Dictionary<string, string> { ["README.md"] = "Elsewhere." });
        var (acme, umbrella) = (world.App.Install("acme"), world.App.Install("umbrella"));

        var (here, there) = (await world.Credential.Token(world.Repo, default), await world.Credential.Token(world.Of("umbrella/hive"), default));

        Assert.Equal(($"app-installation-{acme.Id}", $"app-installation-{umbrella.Id}"), (here.BudgetKey, there.BudgetKey));
        Assert.Equal("umbrella/hive", await world.Ask("umbrella/hive"));
        Assert.Equal(AppWorld.Name, await world.Ask());
        Assert.Equal(2, world.Minted);
    }

    [Theory]
    [InlineData("another account")]
    [InlineData("another repository")]
    [InlineData("nowhere")]
    public async Task An_App_that_is_not_installed_says_where_it_can_be(string where)
    {
        await using var world = await AppWorld.Start();
        if (where is "another account") world.App.Install("umbrella");
        if (where is "another repository") world.App.Install("acme", ["acme/other"]);

        var no = await Assert.ThrowsAsync<ForgeException>(() => world.Ask());

        Assert.Equal(ErrorCodes.GitHubNotFound, no.Code);
        Assert.Contains($"the GitHub App ampx isn't installed on acme/calc (or there is no such repository): install it at {world.Server.WebUrl}apps/ampx/installations/new", no.Message, StringComparison.Ordinal);

        // Installed meanwhile, it is found at once.
        world.App.Install("acme");
        Assert.Equal(AppWorld.Name, await world.Ask());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_suspended_installation_is_told_plainly(bool known)
    {
        await using var world = await AppWorld.Start();
        var installation = world.App.Install("acme");
        if (known) await world.Ask();
        installation.SuspendedAt = world.Theirs.GetUtcNow();
        world.Server.Site.Apps.RevokeTokens();

        var no = await Assert.ThrowsAsync<ForgeException>(() => world.Ask());

        Assert.Equal(ErrorCodes.GitHubForbidden, no.Code);
        Assert.Contains($"installation on acme is suspended: unsuspend it at {world.Server.WebUrl}organizations/acme/settings/installations/{installation.Id}", no.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_App_installed_anew_is_found_again()
    {
        await using var world = await AppWorld.Start();
        var installation = world.App.Install("acme");
        await world.Ask();
        world.App.Uninstall(installation);
        world.Server.Site.Apps.RevokeTokens();
        var again = world.App.Install("acme");

        Assert.Equal(AppWorld.Name, await world.Ask());
        Assert.Equal($"app-installation-{again.Id}", (await world.Credential.Token(world.Repo, default)).BudgetKey);
    }

    [Fact]
    public async Task A_key_that_is_not_the_Apps_names_the_settings()
    {
        await using var world = await AppWorld.Start();
        using var other = System.Security.Cryptography.RSA.Create(2048);
        world.Server.Site.Apps.Register(77, other.ExportRSAPublicKeyPem());

        var no = await Assert.ThrowsAsync<ForgeException>(() => world.Ask());

        Assert.Equal(ErrorCodes.GitHubUnauthorized, no.Code);
        Assert.Contains("App 77", no.Message, StringComparison.Ordinal);
        Assert.Contains("Ampx:GitHub:PrivateKeyPath", no.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hiccup_while_minting_is_ridden_out_and_a_long_one_passes()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        world.Server.Site.Faults.Add(new Fault { Path = "*/access_tokens", Status = 502, Times = 2 });
        Assert.Equal(AppWorld.Name, await world.Ask());

        world.Server.Site.Apps.RevokeTokens();
        world.Server.Site.Faults.Add(new Fault { Path = "*/access_tokens", Status = 502, Times = null });
        var no = await Assert.ThrowsAsync<ForgeException>(() => world.Ask());
        Assert.Equal(ErrorCodes.CiInfrastructure, no.Code);

        world.Server.Site.Faults.Clear();
        Assert.Equal(AppWorld.Name, await world.Ask());
    }

    [Fact]
    public async Task It_knows_who_it_is_and_what_it_may()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme", permissions: new Dictionary<string, string> { ["contents"] = "write", ["metadata"] = "read" });
        world.App.Install("umbrella");

        var anywhere = await world.Credential.WhoAmI(null, default);
        var here = await world.Credential.WhoAmI(world.Repo, default);

        Assert.Equal(("ampx", true, "ampx"), (anywhere.Login, anywhere.IsApp, anywhere.AppName));
        Assert.Equal(["acme", "umbrella"], anywhere.InstalledOn);
        Assert.Equal(["acme"], here.InstalledOn);
        Assert.Equal("write", here.Permissions!["contents"]);
        Assert.False(here.Permissions.ContainsKey("actions"));
    }
}
