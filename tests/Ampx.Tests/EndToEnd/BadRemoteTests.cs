using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Accounts;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A service over a GitHub whose token reaches some repositories only.</summary>
public sealed class GitHubService : IAsyncLifetime
{
    public FakeGitHubServer GitHub { get; private set; } = null!;
    public Stage Stage { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        GitHub = await DescribedGitHub.Start();
        Stage = GitHubTests.GitHubStage(GitHub);
        Stage.Environment["Ampx__GitHub__Token"] = GitHub.Site.Tokens.Create(new TokenSpec
        {
            Repositories = ["acme/protected", "acme/ruled", "acme/large", "acme/secret", "acme/empty", "acme/based"],
        }).Value;
        await Stage.Up();
    }

    public async ValueTask DisposeAsync()
    {
        await Stage.DisposeAsync();
        await GitHub.DisposeAsync();
    }
}

/// <summary>What only the remote can say: told as it says it, with nothing paid before and no work lost after.</summary>
public sealed class BadRemoteTests(GitHubService service) : IClassFixture<GitHubService>
{
    private const string Workflow = """
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: test "$(cat answer)" = 42
        """;

    private readonly Stage stage = service.Stage;

    [Theory]
    [InlineData("acme/nowhere", ErrorCodes.GitHubNotFound, "GitHub has no acme/nowhere, or the credential can't see it")]
    [InlineData("acme/hidden", ErrorCodes.GitHubNotFound, "GitHub has no acme/hidden, or the credential can't see it")]
    [InlineData("acme/empty", ErrorCodes.EmptyRepo, "has no commits yet")]
    [InlineData("acme/based", ErrorCodes.BranchNotFound, "no branch 'release'", "--base", "release")]
    public async Task A_repository_that_cannot_be_worked_on_costs_nothing(string name, string code, string words, params string[] more)
    {
        if (name is "acme/hidden" or "acme/based") await service.GitHub.CreateRepository(name, GitHubTests.Files(Workflow));
        if (name is "acme/empty") await service.GitHub.Site.Repositories.Create(new() { FullName = name });
        var task = await Ended(name, "fake: write answer 42", more);
        Assert.Equal((Status.Error, code, null, null), (task.Status, task.Error?.Code, task.Usage, task.ThreadId));
        Assert.Contains(words, task.Summary, StringComparison.Ordinal);
        var start = await stage.Ampx(["start", name, "Wait for it\n\nfake: write answer 42", "--wait", .. more]);
        Assert.Equal(1, start.Code);
        Assert.Contains(words, start.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("acme/protected", "GH006: Protected branch update failed")]
    [InlineData("acme/ruled", "GH013: Repository rule violations found")]
    public async Task A_branch_that_is_closed_asks_a_person_and_keeps_the_work(string name, string words)
    {
        var repo = await service.GitHub.CreateRepository(name, GitHubTests.Files(Workflow));
        await (name is "acme/ruled" ? repo.Rules.CloseByRuleset("amp/*") : repo.Rules.Protect("amp/*"));
        var task = await Ended(name, "fake[1]: write answer 42");
        Assert.Equal((Status.NeedsReview, ErrorCodes.PushRejected, 1), (task.Status, task.Error?.Code, task.Attempts));
        Assert.Contains(words, task.Summary, StringComparison.Ordinal);

        // The rule mended, the same instruction goes on with what was done: this time the agent adds nothing.
        await repo.Rules.Clear();
        Assert.Equal(0, (await stage.Ampx("continue", task.Id)).Code);
        task = await stage.Ended(task.Id);
        Assert.True(task.Status is Status.Success, $"{task.Status}: {task.Summary}");
        Assert.Equal("42", await stage.Git(repo.Git.Folder, "show", $"{task.Branch}:answer"));
    }

    [Theory]
    [InlineData("acme/large", "GH001: Large files detected", "fake[1]: run head -c 3000 /dev/zero > extra", "fake[2]: delete extra")]
    [InlineData("acme/secret", "Push cannot contain secrets", "fake[1]: write extra key=sk-9f3a", "fake[2]: delete extra")]
    public async Task What_the_commit_holds_is_told_to_the_next_run(string name, string words, string wrong, string mended)
    {
        var repo = await service.GitHub.CreateRepository(name, GitHubTests.Files(Workflow));
        await (name is "acme/large" ? repo.Rules.LimitFileSize(2000) : repo.Rules.ForbidSecret("sk-9f3a"));
        var task = await Ended(name, $"fake[1]: write answer 42\n{wrong}\n{mended}");
        Assert.True((task.Status, task.Attempts) == (Status.Success, 2), $"{task.Status} after {task.Attempts}: {task.Summary}");
        var attempts = (await stage.Get<AttemptList>($"tasks/{task.Id}/attempts")).Attempts;
        Assert.Contains(words, attempts[1].Feedback, StringComparison.Ordinal);
        Assert.DoesNotContain("extra", await stage.Git(repo.Git.Folder, "log", "--name-only", "--format=", $"main..{task.Branch}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_repository_elsewhere_is_told_before_the_agent_is_paid()
    {
        // Another host than the configured GitHub: git's own words are all there is.
        var host = service.GitHub.WebUrl.ToString().Replace("127.0.0.1", "localhost", StringComparison.Ordinal).TrimEnd('/');
        var missing = await Ended($"{host}/acme/none.git", "fake: write answer 42", "--ci", "true");
        Assert.Equal((Status.Error, ErrorCodes.InvalidRepo, null), (missing.Status, missing.Error?.Code, missing.ThreadId));

        Assert.Contains("there is no such repository, or the service's user has no access to it", missing.Summary, StringComparison.Ordinal);

        var open = await service.GitHub.Site.Repositories.Create(new() { FullName = "acme/open", Files = GitHubTests.Files(Workflow), Settings = new() { Private = false } });
        var task = await Ended($"{host}/{open.FullName}.git", "fake: write answer 42");
        Assert.Equal((Status.NeedsReview, ErrorCodes.CiNotConfigured, null), (task.Status, task.Error?.Code, task.ThreadId));
        Assert.Contains("--ci \"make test\"", task.Summary, StringComparison.Ordinal);
    }

    private async Task<TaskView> Ended(string repo, string script, params string[] more)
    {
        var task = await stage.Start(repo, $"Write the answer\n\n{script}", more);
        return await stage.Ended(task.Id);
    }
}
