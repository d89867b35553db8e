using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Accounts;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary><c>ampx doctor</c> against a real service: grain, gateway and program together.</summary>
public sealed class DoctorTests
{
    private const string Workflow = "name: CI\non: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: \"true\"\n";

    [Fact]
    public async Task A_service_that_lacks_nothing_is_0_for_a_repository_on_GitHub_and_for_a_plain_one()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__GitHub__Token"] = github.Site.Tokens.Create(new() { Scopes = ["repo", "workflow"] }).Value;
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        var plain = await stage.Repository("plain", (".ampx.yml", "ci: true\n"));
        await stage.Up();

        var checks = await Doctor(stage, 0, "--repo", "acme/answer");
        Assert.Equal(["sandbox"], checks.Where(check => !check.Ok).Select(check => check.Name));
        Assert.Contains(checks, check => check.Name == "address" && check.Detail.Contains($"listens on {ServiceFile.Read(stage.Data)!.Url}; Auth:Mode local", StringComparison.Ordinal));
        Assert.Contains(checks, check => check is { Name: "webhooks", Ok: true, Detail: "none: GitHub is asked for CI every 1 s" });
        Assert.Contains(checks, check => check.Name == "workflows" && check.Detail == "ci.yml on push");
        Assert.Equal(checks.Count, checks.Select(check => check.Name).Distinct().Count());

        checks = await Doctor(stage, 0, "--repo", plain);
        Assert.Contains(checks, check => check is { Name: "ci-command", Ok: true });
        Assert.DoesNotContain(checks, check => check.Name == "workflows");
    }

    [Fact]
    public async Task A_token_that_may_not_read_Actions_is_1_and_says_what_to_give()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__GitHub__Token"] = github.Site.Tokens.Create(new() { Permissions = new Dictionary<string, string> { ["metadata"] = "read", ["contents"] = "write", ["pull_requests"] = "write" } }).Value;
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await stage.Up();

        var (code, output, _) = await stage.Ampx("doctor", "--repo", "acme/answer");
        Assert.Equal(1, code);
        Assert.Matches("✗ fail   actions:read +missing: reading it was refused\n +→ Give the token actions:read", output);
    }

    [Fact]
    public async Task A_service_without_git_and_agent_says_both_and_lives()
    {
        await using var stage = new Stage();
        var empty = Directory.CreateDirectory(Path.Combine(stage.Root, "empty")).FullName;
        stage.Environment["PATH"] = empty;
        await stage.Up();
        var checks = await Doctor(stage, 1, "--repo", "not a repository");
        Assert.Equal(["git", "agent:amp", "repository"], checks.Where(check => check is { Ok: false, Needed: true }).Select(check => check.Name));
        Assert.Equal("there is no git here", checks.Single(check => check.Name == "git").Detail);
    }

    private static async Task<IReadOnlyList<DoctorCheck>> Doctor(Stage stage, int exit, params string[] arguments)
    {
        var (code, output, errors) = await stage.Ampx(["doctor", "--json", .. arguments]);
        Assert.True(code == exit, $"doctor ended with {code}: {output}{errors}");
        return JsonSerializer.Deserialize<DoctorReport>(output, AmpxJson.Options)!.Checks;
    }
}
