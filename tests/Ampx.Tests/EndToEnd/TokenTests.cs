using System.Security.Cryptography;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Control;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Tokens that die in the middle of a task: with a GitHub App, or a login of gh's, it goes on as if nothing had been.</summary>
public sealed class TokenTests
{
    private const string Workflow = """
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - uses: actions/checkout@v4
              - name: Test
                run: |
                  test "$(cat answer)" = 42 || { echo "FAIL: expected 42 but was $(cat answer)"; exit 1; }
        """;

    [Fact]
    public async Task An_App_carries_a_task_with_one_token_for_all_and_one_for_each_push()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = await AppStage(github);

        var task = await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 41\nfake[2]: write answer 42");

        await GoesThrough(github, stage, task.Id, attempts: 2);
        Assert.Equal(0, (await stage.Ampx("merge", task.Id)).Code);
        Assert.Equal((3, 1), (github.Site.Requests.Count("POST", "access_tokens"), github.Site.Requests.Count("GET", "/installation")));
        var pushed = github.Site.Requests.All.Where(call => call.Method == "POST" && call.Path.EndsWith("git-receive-pack", StringComparison.Ordinal)).Select(call => call.Token!).ToList();
        Assert.Equal(2, pushed.Distinct().Count());
        Assert.DoesNotContain(github.Site.Requests.All, call => pushed.Contains(call.Token!) && call.Path.StartsWith("/api/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tokens_that_live_for_a_second_carry_a_whole_task()
    {
        await using var github = await DescribedGitHub.Start();
        github.Site.Apps.TokenLifetime = TimeSpan.FromSeconds(1);
        await using var stage = await AppStage(github);

        var task = await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 41\nfake[2]: write answer 42");

        await GoesThrough(github, stage, task.Id, attempts: 2);
        Assert.Equal(0, (await stage.Ampx("merge", task.Id)).Code);
    }

    [Fact]
    public async Task A_token_that_dies_while_the_agent_runs_is_replaced()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = await AppStage(github);

        var task = await stage.Start("acme/answer", WaitingAgent(stage));
        await AgentWaits(stage);
        Assert.Equal(1, github.Site.Apps.RevokeTokens());
        GoOn(stage);

        await GoesThrough(github, stage, task.Id, attempts: 1);
        Assert.Contains(github.Site.Requests.All, call => call.Status == 401 && call.Token?.StartsWith("ghs_", StringComparison.Ordinal) == true);
    }

    [Theory]
    [InlineData("*/info/refs", 1)] // git first asks without a token
    [InlineData("*/git-receive-pack", 0)]
    public async Task A_token_that_dies_in_a_push_is_replaced(string path, int skip)
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = await AppStage(github);

        var task = await stage.Start("acme/answer", WaitingAgent(stage));
        await AgentWaits(stage);
        github.Site.Faults.Add(new Fault { Path = path, Skip = skip, RevokeToken = true });
        GoOn(stage);

        await GoesThrough(github, stage, task.Id, attempts: 1);
    }

    [Theory]
    [InlineData("*/info/refs", 1)]
    [InlineData("*/git-upload-pack", 0)]
    public async Task A_token_that_dies_in_a_clone_is_replaced(string path, int skip)
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = await AppStage(github);
        github.Site.Faults.Add(new Fault { Path = path, Skip = skip, RevokeToken = true });

        var task = await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 42");

        await GoesThrough(github, stage, task.Id, attempts: 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_token_that_dies_in_a_log_download_is_replaced(bool afterTheLinkBroke)
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = await AppStage(github);
        if (afterTheLinkBroke) github.Site.Faults.Add(new Fault { Path = "/_logs/*", Reset = true });
        github.Site.Faults.Add(new Fault { Path = "*/actions/jobs/*/logs", Skip = afterTheLinkBroke ? 1 : 0, RevokeToken = true });

        var task = await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 41\nfake[2]: write answer 42");

        await GoesThrough(github, stage, task.Id, attempts: 2);
        Assert.Contains("expected 42 but was 41", (await stage.Ampx("logs", task.Id, "--feedback")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_login_of_ghs_takes_the_place_of_one_that_ended()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        var (login, bin) = (Path.Combine(stage.Root, "login"), Path.Combine(stage.Root, "bin"));
        Directory.CreateDirectory(bin);
        await File.WriteAllTextAsync(Path.Combine(bin, "gh"), $"#!/bin/sh\ncat {login}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(bin, "gh"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var first = github.CreateToken();
        await File.WriteAllTextAsync(login, first);
        stage.Environment["PATH"] = $"{bin}:{System.Environment.GetEnvironmentVariable("PATH")}";
        stage.Environment["Ampx__GitHub__Token"] = null;
        await stage.Up();

        var task = await stage.Start("acme/answer", WaitingAgent(stage));
        await AgentWaits(stage);
        await File.WriteAllTextAsync(login, github.CreateToken());
        github.Site.Tokens.Revoke(first);
        GoOn(stage);

        await GoesThrough(github, stage, task.Id, attempts: 1);
    }

    [Fact]
    public async Task An_App_that_lacks_a_permission_costs_nothing()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = await AppStage(github, new Dictionary<string, string> { ["metadata"] = "read", ["contents"] = "write", ["actions"] = "read" });

        var task = await stage.Ended((await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 42")).Id);

        Assert.Equal((Status.Error, ErrorCodes.GitHubForbidden, null), (task.Status, task.Error?.Code, task.Usage));
        Assert.Contains("lacks pull_requests:write:", task.Summary, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Ampx__GitHub__AppId=77", "Ampx:GitHub:AppId (or GITHUB_APP_ID) is '77', but Ampx:GitHub:PrivateKeyPath (or GITHUB_PRIVATE_KEY_PATH) is missing")]
    [InlineData("GITHUB_PRIVATE_KEY_PATH=/k.pem", "Ampx:GitHub:PrivateKeyPath (or GITHUB_PRIVATE_KEY_PATH) is '/k.pem', but Ampx:GitHub:AppId (or GITHUB_APP_ID) is missing")]
    [InlineData("GITHUB_APP_ID=my app;GITHUB_PRIVATE_KEY_PATH=/k.pem", "is 'my app', which is neither an App's number nor its client ID")]
    [InlineData("GITHUB_APP_ID=77;Ampx__GitHub__PrivateKeyPath=/nowhere/k.pem", "is '/nowhere/k.pem', which can't be used: Could not find a part of the path")]
    [InlineData("GITHUB_APP_ID=77;Ampx__GitHub__PrivateKeyPath=/etc/hostname", "is '/etc/hostname', which can't be used: it isn't an RSA private key in PEM form")]
    [InlineData("GITHUB_APP_ID=77;Ampx__GitHub__PrivateKeyPath=EC", "which can't be used: it isn't an RSA private key in PEM form")]
    [InlineData("GITHUB_APP_ID=77;Ampx__GitHub__PrivateKeyPath=PUBLIC", "which can't be used: it isn't an RSA private key in PEM form")]
    public async Task An_Apps_wrong_setting_is_named(string settings, string words)
    {
        await using var stage = new Stage();
        using var curve = ECDsa.Create();
        using var rsa = RSA.Create(2048);
        foreach (var setting in settings.Split(';').Select(pair => pair.Split('=')))
        {
            var value = setting[1];
            if (value is "EC" or "PUBLIC")
            {
                var pem = value is "EC" ? curve.ExportECPrivateKeyPem() : rsa.ExportRSAPublicKeyPem();
                await File.WriteAllTextAsync(value = Path.Combine(stage.Root, "key.pem"), pem);
            }

            stage.Environment[setting[0]] = value;
        }

        var (code, _, errors) = await stage.Ampx("up", "--port", "0", "--data", stage.Data);

        Assert.Equal(1, code);
        Assert.Contains(words, errors, StringComparison.Ordinal);
        Assert.Single(errors.Trim().Split('\n'));
        Assert.False(Directory.Exists(stage.Data));
    }

    /// <summary>A service with an App that is installed on acme, and a token beside it that nobody knows.</summary>
    private static async Task<Stage> AppStage(FakeGitHubServer github, Dictionary<string, string>? permissions = null)
    {
        await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        var stage = GitHubTests.GitHubStage(github);
        using var rsa = RSA.Create(2048);
        var key = Path.Combine(stage.Root, "app.pem");
        await File.WriteAllTextAsync(key, rsa.ExportRSAPrivateKeyPem());
        github.Site.Apps.RegisterOnly(77, rsa.ExportRSAPublicKeyPem(), permissions).Install("acme");
        stage.Environment["Ampx__GitHub__Token"] = "ghp_neverused0123456789neverused01234567";
        stage.Environment["GITHUB_APP_ID"] = "77";
        stage.Environment["GITHUB_PRIVATE_KEY_PATH"] = key;
        await stage.Up();
        return stage;
    }

    private static string WaitingAgent(Stage stage) =>
        $"Write the answer\n\nfake[1]: run touch {stage.Root}/waits; until test -e {stage.Root}/go; do sleep 0.05; done\nfake[1]: write answer 42";

    private static Task AgentWaits(Stage stage) => Stage.Until(() => Task.FromResult(File.Exists(Path.Combine(stage.Root, "waits"))), "the agent waits");

    private static void GoOn(Stage stage) => File.WriteAllText(Path.Combine(stage.Root, "go"), "");

    /// <summary>The task succeeds without a failed step or another attempt, every fault was met, and no token is shown anywhere.</summary>
    private static async Task GoesThrough(FakeGitHubServer github, Stage stage, string id, int attempts)
    {
        var task = await stage.Ended(id);
        Assert.True((task.Status, task.Attempts) == (Status.Success, attempts), $"{task.Status} after {task.Attempts}: {task.Summary}");
        Assert.Empty(github.Site.Faults.Waiting);
        Assert.Empty(github.Site.Requests.Violations);
        Assert.DoesNotContain(github.Site.Requests.All, call => call.Token?.StartsWith("ghp_never", StringComparison.Ordinal) == true);
        Assert.DoesNotContain((await stage.Get<Timeline>($"tasks/{id}/timeline")).Entries, entry => entry.Cause == "step_failed");
        var shown = (await stage.Ampx("logs", id)).Out + (await stage.Ampx("show", id, "--json")).Out + (await stage.Ampx("logs", id, "--feedback")).Out;
        foreach (var secret in github.Site.Requests.All.Select(call => call.Token).OfType<string>().Distinct()) Assert.DoesNotContain(secret, shown, StringComparison.Ordinal);
    }
}
