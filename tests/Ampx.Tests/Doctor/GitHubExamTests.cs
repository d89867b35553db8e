using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Control;
using Ampx.Silo.Doctor.GitHub;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;
using Ampx.Silo.Git;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

using FakeToken = global::Ampx.FakeGitHub.Accounts.AccessToken;

namespace Ampx.Tests.Doctor;

/// <summary>Doctor's look at GitHub, over real connections to the fake one.</summary>
public sealed class GitHubExamTests : IAsyncLifetime
{
    private const string Workflow = "name: CI\non: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: \"true\"\n";
    private readonly string folder = Directory.CreateTempSubdirectory("ampx-doctor-").FullName;
    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
    private FakeGitHubServer github = null!;

    public async ValueTask InitializeAsync() => github = await DescribedGitHub.Start();

    public async ValueTask DisposeAsync()
    {
        await github.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_classic_token_on_a_repository_with_workflows_is_fine_in_every_line()
    {
        await Repository(("ci.yml", Workflow), ("release.yml", Workflow.Replace("[push, pull_request]", "workflow_dispatch", StringComparison.Ordinal)));
        var found = await Look(Token(new() { Scopes = ["repo", "workflow"] }), "acme/shop");
        Assert.Empty(found.Wrong);
        Assert.Equal(
            ["github", "github-credential", "github-rate-limit", "repository", "contents:write", "pull_requests:write", "actions:read", "actions:write", "issues:read", "checks:read", "workflows:write", "git-fetch", "workflows", "auto-merge"],
            found.Names);
        found.Fine("github", github.ApiUrl, "Enterprise Server 3.17.0");
        found.Fine("github-credential", "octo-dev, by a token with scopes repo, workflow");
        found.Fine("github-rate-limit", " of 5,000 calls left, renewed at ");
        found.Fine("repository", "acme/shop, private, default branch main");
        found.Fine("workflows", "ci.yml on push and pull_request; on neither: release.yml");
        // Nothing but reads, each of them allowed.
        Assert.Empty(github.Site.Requests.Violations);
        Assert.All(github.Site.Requests.All.Where(request => request.Path.StartsWith("/api/", StringComparison.Ordinal)), request => Assert.Equal("GET", request.Method));
    }

    [Fact]
    public async Task A_fine_grained_token_without_Actions_lacks_what_is_needed()
    {
        await Repository(("ci.yml", Workflow));
        var found = await Look(Token(new() { Permissions = Only(("contents", "write"), ("pull_requests", "write")) }), "acme/shop");
        found.Fine("github-credential", "octo-dev, by a fine-grained token");
        found.Bad("actions:read", "missing: reading it was refused", "Give the token actions:read");
        found.Warns("contents:write", "can't be known before the first push");
        found.Warns("checks:read", "without it only this is missing");
    }

    [Fact]
    public async Task A_token_that_may_not_push_is_bad()
    {
        await Repository(("ci.yml", Workflow));
        var found = await Look(Token(new() { Permissions = Only(("contents", "read"), ("pull_requests", "write"), ("actions", "read")) }), "acme/shop");
        found.Bad("contents:write", "missing");
        found.Fine("git-fetch");
    }

    [Fact]
    public async Task No_credential_matters_as_soon_as_a_repository_on_GitHub_is_asked_about()
    {
        (await Look(null, null)).Warns("github-credential", "only plain git repositories", "GITHUB_TOKEN");
        Assert.Empty(github.Site.Requests.All);
        var found = await Look(null, "acme/shop");
        found.Bad("github-credential", "none", "GITHUB_TOKEN");
        Assert.Equal(["github-credential", "github"], found.Names);
    }

    [Fact]
    public async Task A_token_that_GitHub_refuses_is_bad_even_without_a_repository()
    {
        var found = await Look("ghp_expired", null);
        found.Bad("github-credential", "Bad credentials");
        Assert.Equal(["github", "github-credential"], found.Names);
    }

    [Fact]
    public async Task A_repository_that_is_not_there_or_not_seen_ends_the_look()
    {
        var found = await Look(github.CreateToken(), "acme/nothing");
        found.Bad("repository", "GitHub has no acme/nothing, or octo-dev can't see it");
        Assert.Equal("repository", found.Names[^1]);
    }

    [Fact]
    public async Task An_archived_repository_is_bad()
    {
        await Repository(("ci.yml", Workflow));
        github.Site.Faults.Add(new Fault { Path = "/api/v3/repos/acme/shop", Status = 200, Body = """{"full_name":"acme/shop","archived":true,"default_branch":"main"}""" });
        (await Look(github.CreateToken(), "acme/shop")).Bad("repository", "is archived");
    }

    [Fact]
    public async Task Single_sign_on_is_named_with_its_address()
    {
        github.Site.Faults.Add(new Fault { Path = "/api/v3/repos/acme/shop", Status = 403, Headers = new Dictionary<string, string> { ["X-GitHub-SSO"] = "required; url=https://github.com/orgs/acme/sso?authorization_request=A1" } });
        (await Look(github.CreateToken(), "acme/shop")).Bad("repository", "single sign-on", "https://github.com/orgs/acme/sso?authorization_request=A1");
    }

    [Theory]
    [InlineData(null, "main has no .github/workflows")]
    [InlineData("workflow_dispatch", "of ci.yml on main none runs on push or pull_request")]
    public async Task Without_a_workflow_that_judges_every_task_would_wait_in_vain(string? on, string words)
    {
        if (on is null) await Repository();
        else await Repository(("ci.yml", Workflow.Replace("[push, pull_request]", on, StringComparison.Ordinal)));
        (await Look(github.CreateToken(), "acme/shop")).Bad("workflows", words, "ci_not_started");
    }

    [Fact]
    public async Task A_workflow_that_was_turned_off_judges_nothing()
    {
        await Repository(("ci.yml", Workflow));
        github.Site.Faults.Add(new Fault { Path = "/api/v3/repos/acme/shop/actions/workflows", Status = 200, Body = """{"total_count":1,"workflows":[{"path":".github/workflows/ci.yml","state":"disabled_inactivity"}]}""" });
        (await Look(github.CreateToken(), "acme/shop")).Bad("workflows", "ci.yml (disabled)");
    }

    [Fact]
    public async Task Auto_merge_that_is_not_allowed_is_a_small_thing()
    {
        var repository = await Repository(("ci.yml", Workflow));
        repository.Settings = repository.Settings with { AllowAutoMerge = false };
        (await Look(github.CreateToken(), "acme/shop")).Warns("auto-merge", "merge --auto", $"{github.WebUrl}acme/shop/settings");
    }

    [Fact]
    public async Task A_renamed_repository_is_found_under_its_new_name()
    {
        await Repository(("ci.yml", Workflow));
        github.Site.Repositories.Rename("acme/shop", "acme/store");
        (await Look(github.CreateToken(), "acme/shop")).Fine("repository", "now named acme/store");
    }

    [Fact]
    public async Task A_rate_limit_that_is_used_up_says_until_when()
    {
        var token = github.Site.Tokens.Create(new());
        var reset = time.GetUtcNow().AddMinutes(20);
        token.RateLimit.Set(remaining: 0, reset);
        (await Look(token.Value, null)).Bad("github-rate-limit", $"used up until {reset.UtcDateTime:HH:mm} UTC");
        token.RateLimit.Set(remaining: 100);
        (await Look(token.Value, null)).Warns("github-rate-limit", "of 5,000 calls left", "(in 20 min)");
    }

    [Fact]
    public async Task A_clock_that_is_wrong_is_told()
    {
        time.Advance(TimeSpan.FromMinutes(7));
        (await Look(github.CreateToken(), null)).Warns("clock", "differ by 4", "NTP");
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/", "can't connect to 127.0.0.1:1: Connection refused")]
    [InlineData("https://github.invalid/api/v3/", "the name github.invalid can't be resolved (DNS)")]
    [InlineData("https://127.0.0.1:PORT/api/v3/", "no trusted TLS connection to 127.0.0.1:")]
    [InlineData("http://127.0.0.1:PORT/", "answers 404, but not like GitHub's API")]
    public async Task A_GitHub_that_is_not_reachable_is_told_in_plain_words(string api, string words)
    {
        var found = await Look("ghp_any", null, api.Replace("PORT", $"{github.Port}", StringComparison.Ordinal));
        found.Bad("github", words);
        Assert.Equal(["github"], found.Names);
    }

    [Fact]
    public async Task A_GitHub_that_accepts_and_never_answers_costs_eight_seconds()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var look = Look("ghp_any", null, $"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/");
        using var connection = await silent.AcceptTcpClientAsync();
        Assert.False(look.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(8));
        (await look.WaitAsync(TimeSpan.FromSeconds(30))).Bad("github", "no answer from 127.0.0.1:", "firewall");
    }

    [Fact]
    public async Task GitHubs_own_trouble_is_told_as_that()
    {
        github.Site.Faults.Add(new Fault { Path = "/api/v3/rate_limit", Status = 503, Headers = new Dictionary<string, string> { ["X-GitHub-Request-Id"] = "1" } });
        (await Look(github.CreateToken(), null)).Bad("github", "answers 503", "githubstatus");
    }

    [Fact]
    public async Task An_App_is_named_with_its_installation_and_its_permissions_are_known()
    {
        await Repository(("ci.yml", Workflow));
        var found = await LookAsApp("acme/shop", Only(("contents", "write"), ("pull_requests", "write"), ("actions", "read"), ("checks", "read")));
        found.Fine("github-credential", "the App ampx (ampx), installed on acme");
        found.Fine("contents:write", "the App has it");
        Assert.Equal(["actions:write", "issues:read", "workflows:write"], found.Wrong);
        (await LookAsApp("acme/shop", Only(("contents", "read"), ("actions", "read")))).Bad("pull_requests:write", "Give the App pull_requests:write");
    }

    [Fact]
    public async Task An_App_that_is_not_installed_there_is_bad()
    {
        var found = await LookAsApp("acme/nothing", FakeToken.Everything);
        found.Bad("github-credential", "isn't installed on acme/nothing", "installations/new");
        Assert.Equal(["github", "github-credential"], found.Names);
        // Without a repository it is only asked who it is: limits are an installation's.
        Assert.Equal(["github", "github-credential"], (await LookAsApp(null, FakeToken.Everything)).Names);
    }

    [Fact]
    public async Task A_workflow_s_own_token_is_told_as_what_it_is()
    {
        await Repository(("ci.yml", Workflow));
        (await Look(Token(new() { Installation = true }), "acme/shop")).Warns("github-credential", "starts no CI", "Ampx:GitHub:AppId");
    }

    [Theory]
    [InlineData("", "none: GitHub is asked for CI every 15 s")]
    [InlineData("a secret", "taken at /webhooks/github, but none has come since the service was started: GitHub is asked every 15 s meanwhile")]
    public async Task How_news_of_CI_comes_is_told_without_the_secret(string secret, string words)
    {
        var options = Options.Create(new GitHubOptions { WebhookSecret = secret });
        Assert.Equal(words, (await Found.By(new NewsExam(options, Options.Create(new CiOptions()))))["webhooks"].Detail);
    }

    private string Token(TokenSpec spec) => github.Site.Tokens.Create(spec).Value;

    private static Dictionary<string, string> Only(params (string Area, string Level)[] permissions) => permissions.Append(("metadata", "read")).ToDictionary();

    private Task<global::Ampx.FakeGitHub.Repositories.Repository> Repository(params (string Name, string Text)[] workflows) => github.CreateRepository(
        "acme/shop", workflows.Select(file => (Key: $".github/workflows/{file.Name}", file.Text)).Append(("README.md", "A shop.")).ToDictionary());

    private async Task<Found> Look(string? token, string? repo, string? api = null)
    {
        var options = Options.Create(new GitHubOptions { ApiUrl = new(api ?? github.ApiUrl), WebUrl = new(github.WebUrl), Token = token, HiccupDelay = TimeSpan.Zero });
        using var network = GitHubClients.Network();
        using var clients = new GitHubClients(options, TimeProvider.System, network);
        using var credential = new PersonalToken(options, clients);
        return await Look(credential, clients, repo);
    }

    private async Task<Found> LookAsApp(string? repo, IReadOnlyDictionary<string, string> permissions)
    {
        using var rsa = RSA.Create(2048);
        var key = Path.Combine(folder, "app.pem");
        await File.WriteAllTextAsync(key, rsa.ExportRSAPrivateKeyPem());
        github.Site.Apps.Register(4711, rsa.ExportRSAPublicKeyPem(), permissions);
        var options = Options.Create(new GitHubOptions { ApiUrl = new(github.ApiUrl), WebUrl = new(github.WebUrl), HiccupDelay = TimeSpan.Zero });
        using var network = GitHubClients.Network();
        using var clients = new GitHubClients(options, TimeProvider.System, network);
        using var credential = new AppCredential(AppKey.Read("4711", key), clients, TimeProvider.System);
        return await Look(credential, clients, repo);
    }

    private async Task<Found> Look(IGitHubCredential credential, GitHubClients clients, string? repo)
    {
        var git = new GitRunner(new GitFolders(folder), Options.Create(new GitOptions()), TimeProvider.System, NullLogger<GitRunner>.Instance);
        return await Found.By(new GitHubExam(credential, clients, new RepositoryLook(clients, git), time), repo is null ? null : RepoRef.Parse(repo, new(github.WebUrl), out _));
    }
}
