using System.Text.RegularExpressions;
using Ampx.FakeGitHub.Repositories;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

public class GitHttpTests
{
    [Fact]
    public async Task A_known_token_clones_and_pushes()
    {
        await using var forge = await Forge.Start();
        var before = await Forge.Succeeds(forge.Checkout, "rev-parse", "HEAD");
        var (sha, push) = await forge.Push("feature/one", "a.txt", "a");

        Assert.Equal(0, push.ExitCode);
        Assert.Equal(sha, await forge.Repository.Git.Branch("feature/one"));
        var logged = Assert.Single(forge.Server.Site.Pushes.Log);
        Assert.Equal(("refs/heads/feature/one", BareGit.Zero, sha), (logged.Ref, logged.Old, logged.New));
        Assert.NotEqual(before, sha);
    }

    [Fact]
    public async Task A_ref_that_is_neither_branch_nor_tag_comes_and_goes_unheard()
    {
        await using var forge = await Forge.Start("[push]");
        forge.Server.Site.Webhooks.Add(new($"{forge.Server.WebUrl}nobody", "secret"));
        foreach (var refspec in (string[])["HEAD:refs/ampx/01TASK", ":refs/ampx/01TASK", "HEAD:refs/heads/seen"])
            Assert.Equal(0, (await Forge.Git(forge.Checkout, "push", "-q", "origin", refspec)).ExitCode);

        Assert.Equal("seen", Assert.Single(forge.Repository.Runs).HeadBranch);
        await Forge.Until(() => forge.Server.Site.Webhooks.Deliveries.Any(delivery => delivery.Event == "push"));
        Assert.Single(forge.Server.Site.Webhooks.Deliveries, delivery => delivery.Event == "push");
        Assert.Equal(["refs/heads/main", "refs/heads/seen"], (await forge.Repository.Git.Refs()).Keys.Order());
    }

    [Fact]
    public async Task Large_packs_go_through()
    {
        await using var forge = await Forge.Start();
        var text = string.Concat(Enumerable.Range(0, 200_000).Select(number => Guid.NewGuid().ToString("N")[..20] + number)); // over http.postBuffer: chunked
        var (sha, push) = await forge.Push("large", "large.txt", text);
        Assert.True(push.ExitCode == 0, push.StandardError);
        Assert.Equal(sha, await forge.Repository.Git.Branch("large"));
    }

    [Theory]
    [InlineData(null, "could not read Username")]
    [InlineData("wrong", "Authentication failed")]
    public async Task Without_a_known_token_nothing_is_shown(string? token, string words)
    {
        await using var forge = await Forge.Start();
        var url = token is null ? forge.Server.GitUrl(Forge.Name) : forge.Server.GitUrl(Forge.Name, token);
        var result = await Forge.Git(forge.Checkout, "ls-remote", url);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(words, result.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_may_only_read_is_refused_the_push()
    {
        await using var forge = await Forge.Start();
        var reader = forge.Server.Site.Tokens.Create(new() { Permissions = new Dictionary<string, string> { ["contents"] = "read" } });
        await Forge.Succeeds(forge.Checkout, "remote", "set-url", "origin", forge.Server.GitUrl(Forge.Name, reader.Value));
        var (_, push) = await forge.Push("feature", "a.txt", "a");
        Assert.Contains("Permission to acme/calc.git denied", push.StandardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_for_another_repository_sees_none()
    {
        await using var forge = await Forge.Start();
        var other = forge.Server.Site.Tokens.Create(new() { Repositories = ["acme/other"] });
        var result = await Forge.Git(forge.Checkout, "ls-remote", forge.Server.GitUrl(Forge.Name, other.Value));
        Assert.Contains("not found", result.StandardError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GH001: Large files detected")]
    [InlineData("GH006: Protected branch update failed for refs/heads/feature")]
    [InlineData("- Cannot update this protected ref.")]
    [InlineData("- Push cannot contain secrets")]
    [InlineData("refusing to allow a Personal Access Token to create or update workflow `.github/workflows/new.yml` without `workflow` scope")]
    public async Task A_push_is_refused_in_GitHubs_words(string words)
    {
        await using var forge = await Forge.Start();
        var rules = forge.Repository.Rules;
        await (words switch
        {
            ['G', 'H', '0', '0', '1', ..] => rules.LimitFileSize(10),
            ['G', 'H', '0', '0', '6', ..] => rules.Protect("feat*"),
            ['-', ' ', 'C', ..] => rules.CloseByRuleset("feature"),
            ['-', ' ', 'P', ..] => rules.ForbidSecret("ghp_secret"),
            _ => UseTokenWithoutWorkflows(forge),
        });

        var (_, push) = await forge.Push("feature", ".github/workflows/new.yml", "name: ghp_secret of more than ten bytes\n");

        Assert.NotEqual(0, push.ExitCode);
        Assert.Matches($@"(?m)^remote: +(error: )?{Regex.Escape(words)}", push.StandardError);
        Assert.Contains("[remote rejected] feature -> feature (pre-receive hook declined)", push.StandardError, StringComparison.Ordinal);
        Assert.Empty(forge.Server.Site.Pushes.Log);
    }

    [Fact]
    public async Task A_renamed_repository_is_found_under_its_old_name()
    {
        await using var forge = await Forge.Start();
        forge.Server.Site.Repositories.Rename(Forge.Name, "acme/sums");
        await Forge.Succeeds(forge.Checkout, "fetch", "origin");

        using var moved = await forge.Client.GetAsync(new Uri("branches/main", UriKind.Relative));
        Assert.Equal(301, (int)moved.StatusCode);
        using var there = await forge.Client.GetAsync(moved.Headers.Location);
        Assert.Equal(200, (int)there.StatusCode);
    }

    private static Task<string> UseTokenWithoutWorkflows(Forge forge)
    {
        var token = forge.Server.Site.Tokens.Create(new() { Scopes = ["repo"] });
        return Forge.Succeeds(forge.Checkout, "remote", "set-url", "origin", forge.Server.GitUrl(Forge.Name, token.Value));
    }
}
