using System.Net.Http.Json;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.FakeGitHub.Repositories;
using Xunit;
using PullRequest = Ampx.FakeGitHub.Repositories.PullRequest;

namespace Ampx.Tests.EndToEnd;

/// <summary>What people and GitHub do to a pull request, with the real programs against the fake GitHub.</summary>
public sealed class PullRequestTests
{
    private const string Repo = "acme/answer";
    private const string Instruction = "Write the answer\n\nfake: write answer 42";

    [Fact]
    public async Task An_armed_auto_merge_is_noticed_merged_once_a_review_is_there()
    {
        await using var scene = await Scene.Begin(new RepositorySettings { RequiredApprovals = 1 });
        var task = await scene.Green();

        Assert.Contains("a review is missing", (await scene.Stage.Ampx("merge", task.Id)).Err, StringComparison.Ordinal);
        var armed = await scene.Stage.Ampx("merge", task.Id, "--auto", "--delete-branch");
        Assert.True(armed.Code == 0, armed.Err);
        task = await scene.Stage.Show(task.Id);
        Assert.Equal((Status.Success, Phase.Done, PullRequestState.Open, true), (task.Status, task.Phase, task.PullRequest!.State, task.PullRequest.AutoMerge));

        await scene.GitHub.Site.Repositories.Review(Repo, task.PullRequest.Number);
        task = await scene.Stage.Until(task.Id, now => now.PullRequest?.State is PullRequestState.Merged);
        Assert.Equal((Status.Success, false, null), (task.Status, task.PullRequest!.AutoMerge, task.NextWakeAt));
        Assert.Null(await scene.Repository.Git.Branch(task.Branch));
        Assert.Equal(1, scene.Calls("enablePullRequestAutoMerge"));
    }

    [Fact]
    public async Task An_abort_takes_an_armed_auto_merge_back()
    {
        await using var scene = await Scene.Begin(new RepositorySettings { RequiredApprovals = 1 });
        var task = await scene.Green("--auto-merge");
        task = await scene.Stage.Until(task.Id, now => now.PullRequest?.AutoMerge is true);
        Assert.NotNull(scene.Pull.AutoMerge);

        var abort = await scene.Stage.Ampx("abort", task.Id);
        Assert.True(abort.Code == 0, abort.Err);

        task = await scene.Stage.Show(task.Id);
        Assert.Equal((Status.Success, Phase.Done, false), (task.Status, task.Phase, task.PullRequest!.AutoMerge));
        Assert.Null(scene.Pull.AutoMerge);
    }

    [Fact]
    public async Task An_issue_goes_from_its_text_to_merged_and_closed()
    {
        await using var scene = await Scene.Begin();
        var issue = scene.GitHub.Site.Repositories.CreateIssue(Repo, "The answer is missing", "It should be 42.\n\nfake: write answer 42\n<!-- fake: write answer 41 -->", "ada");

        var (code, output, errors) = await scene.Stage.Ampx("start", Repo, "--issue", $"{issue.Number}", "--auto-merge", "--wait", "--json");
        Assert.True(code == 0, errors);
        var task = System.Text.Json.JsonSerializer.Deserialize<TaskView>(output, Core.AmpxJson.Options)!;
        Assert.Contains("@ada wrote", task.Prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("41", task.Prompt, StringComparison.Ordinal);

        await scene.Stage.Until(task.Id, now => now.PullRequest?.State is PullRequestState.Merged);
        Assert.Equal("The answer is missing", scene.Pull.Title);
        Assert.Contains($"Closes #{issue.Number}.", scene.Pull.Body, StringComparison.Ordinal);
        Assert.Equal("42", (await scene.Repository.Git.Run("show", "main:answer")).Trim());
    }

    [Theory]
    [InlineData(true, "--issue", "7")]
    [InlineData(false, "--issue", "1")]
    public async Task An_issue_that_cannot_be_read_costs_no_agent(bool allowed, params string[] options)
    {
        await using var scene = await Scene.Begin(token: github => allowed ? github.CreateToken() : github.CreateToken(new() { ["contents"] = "write", ["pull_requests"] = "write", ["actions"] = "read", ["metadata"] = "read" }));
        scene.GitHub.Site.Repositories.CreateIssue(Repo, "The answer is missing", "fake: write answer 42");

        var task = await scene.Stage.Ended((await scene.Stage.Start(Repo, "Help", options)).Id);

        Assert.Equal((Status.Error, null), (task.Status, task.Usage));
        Assert.Contains("issues:read", task.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_issue_on_a_plain_repository_is_refused_in_words()
    {
        await using var stage = new Stage();
        await stage.Up();
        var path = await stage.Repository("plain", ("README.md", "x"));

        var (code, _, errors) = await stage.Ampx("start", path, "--issue", "1", "--ci", "true");

        Assert.Equal(1, code);
        Assert.Contains("has no issues", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_person_does_to_the_pull_request_while_CI_runs_is_noticed(bool merged)
    {
        await using var scene = await Scene.Begin(workflow: Scene.Slow);
        var task = await scene.Stage.Start(Repo, Instruction);
        task = await scene.Stage.Until(task.Id, now => now is { Phase: Phase.WaitingForCi, PullRequest: not null });

        if (merged)
        {
            await scene.Api(HttpMethod.Post, "/graphql-is-not-needed", null);
        }

        await scene.Api(HttpMethod.Patch, $"pulls/{task.PullRequest!.Number}", new { state = "closed" });
        scene.LetCIGo();
        task = await scene.Stage.Ended(task.Id);

        Assert.Equal((Status.NeedsReview, ErrorCodes.PullRequestClosed, PullRequestState.Closed), (task.Status, task.Error?.Code, task.PullRequest?.State));
    }
}
