using System.Net;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Control;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;
using Ampx.Silo.Git;
using Ampx.Tests.Git;
using Microsoft.Extensions.Options;
using Xunit;

namespace Ampx.Tests.Forges;

/// <summary>A token that dies is replaced and the call repeated, once: in the API, beside it, and in git.</summary>
public sealed class DeadTokenTests
{
    [Fact]
    public async Task A_call_whose_token_died_is_repeated_with_a_fresh_one()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        await world.Ask();
        world.Server.Site.Apps.RevokeTokens();

        Assert.Equal(AppWorld.Name, await world.Ask());

        Assert.Equal([200, 401, 200], Answers(world));
        Assert.Equal(2, world.Minted);
    }

    [Fact]
    public async Task Only_a_fresh_token_that_is_refused_too_ends_in_github_unauthorized()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        world.Server.Site.Faults.Add(new Fault { Path = $"*/repos/{AppWorld.Name}", Status = 401, Times = null });

        var no = await Assert.ThrowsAsync<ForgeException>(() => world.Ask());

        Assert.Equal(ErrorCodes.GitHubUnauthorized, no.Code);
        Assert.Equal([401, 401], Answers(world));
        Assert.Equal(2, world.Minted);
    }

    [Fact]
    public async Task A_download_beside_Octokit_is_repeated_too()
    {
        await using var world = await AppWorld.Start();
        world.App.Install("acme");
        await world.Ask();
        world.Server.Site.Apps.RevokeTokens();

        using var answer = await world.Api.Get(world.Repo, new Uri($"{world.Server.ApiUrl}repos/{AppWorld.Name}"), default);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal([200, 401, 200], Answers(world));
    }

    [Fact]
    public async Task A_token_from_the_settings_is_not_tried_twice()
    {
        using var github = new FakeGitHubApi();
        github.Says("GET repos/o/r", HttpStatusCode.Unauthorized, "Bad credentials");

        var no = await Assert.ThrowsAsync<ForgeException>(() => github.Forge().Remote(github.Repo, default));

        Assert.Equal(ErrorCodes.GitHubUnauthorized, no.Code);
        Assert.Single(github.Seen);
    }

    [Theory]
    [InlineData("*/info/refs")]
    [InlineData("*/git-upload-pack")]
    public async Task A_fetch_that_outlives_its_token_is_repeated_with_a_fresh_one(string path)
    {
        await using var world = await AppWorld.Start();
        using var git = new GitWorld();
        world.App.Install("acme");
        var remote = await world.Remotes.Of(world.Repo, default);
        world.Server.Site.Faults.Add(new Fault { Path = path, RevokeToken = true, Skip = path is "*/info/refs" ? 1 : 0 });

        var mirror = await git.Mirrors.Fetch(remote);

        Assert.Contains("main", mirror.Heads.Keys);
        Assert.Empty(world.Server.Site.Faults.Waiting);
        Assert.NotEqual(remote.Token, (await world.Credential.Token(world.Repo, default)).Value);
    }

    [Theory]
    [InlineData("*/info/refs")]
    [InlineData("*/git-receive-pack")]
    public async Task A_push_whose_token_dies_is_repeated_with_one_of_its_own(string path)
    {
        await using var world = await AppWorld.Start();
        using var git = new GitWorld();
        world.App.Install("acme");
        var mirror = await git.Mirrors.Fetch(await world.Remotes.Of(world.Repo, default));
        var remote = await world.Remotes.ForPush(world.Repo, default);
        world.Server.Site.Faults.Add(new Fault { Path = path, RevokeToken = true, Skip = path is "*/info/refs" ? 1 : 0 });

        var outcome = await git.Pushes.Push(remote, GitWorld.Branch, mirror.Heads["main"], null, GitWorld.Task);

        Assert.Equal(new PushOutcome.Pushed(), outcome);
        Assert.Empty(world.Server.Site.Faults.Waiting);
        Assert.Equal(3, world.Minted);
        var last = world.Server.Site.Requests.All.Last(call => call.Path.EndsWith("git-receive-pack", StringComparison.Ordinal) && call.Status == 200);
        Assert.Equal([AppWorld.Name], world.Server.Site.Tokens.Find(last.Token!)!.Repositories!);
    }

    [Fact]
    public async Task A_persons_token_that_git_may_not_use_any_more_is_asked_about_before_the_next_try()
    {
        await using var world = await AppWorld.Start();
        using var git = new GitWorld();
        var options = Options.Create(new GitHubOptions { ApiUrl = world.Options.ApiUrl, WebUrl = world.Options.WebUrl, Token = world.Server.CreateToken() });
        using var credential = new PersonalToken(options, world.Clients);
        var api = new GitHubApi(credential, world.Clients);
        var remotes = new GitHubRemotes(api, credential, new GitHubActions(api, world.Time), world.Time);
        var remote = await remotes.ForPush(world.Repo, default);
        world.Server.Site.Tokens.Revoke(remote.Token!);

        var failed = await Assert.ThrowsAsync<RemoteException>(() => git.Mirrors.Fetch(remote));
        Assert.Equal("clone_failed", failed.Code);
        Assert.DoesNotContain(remote.Token!, failed.ToString(), StringComparison.Ordinal);

        var no = await Assert.ThrowsAsync<ForgeException>(() => remotes.Of(world.Repo, default));
        Assert.Equal(ErrorCodes.GitHubUnauthorized, no.Code);
    }

    [Fact]
    public async Task What_an_installation_lacks_is_named_exactly_and_seen_when_it_is_granted()
    {
        await using var world = await AppWorld.Start();
        var installation = world.App.Install("acme", permissions: new Dictionary<string, string> { ["metadata"] = "read", ["contents"] = "read", ["pull_requests"] = "write" });

        var no = await Assert.ThrowsAsync<ForgeException>(() => world.Remotes.Of(world.Repo, default));
        Assert.Equal(ErrorCodes.GitHubForbidden, no.Code);
        Assert.Contains("lacks contents:write, actions:read:", no.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pull_requests", no.Message, StringComparison.Ordinal);

        installation.Permissions = new Dictionary<string, string> { ["metadata"] = "read", ["contents"] = "write", ["pull_requests"] = "write", ["actions"] = "read" };
        Assert.NotNull((await world.Remotes.Of(world.Repo, default)).Token);
    }

    /// <summary>Of the calls for the repository itself.</summary>
    private static IEnumerable<int> Answers(AppWorld world) =>
        world.Server.Site.Requests.All.Where(call => call.Path.EndsWith($"/repos/{AppWorld.Name}", StringComparison.Ordinal)).Select(call => call.Status);
}
