using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Whole tasks against the fake GitHub: real git over HTTP, the pushed workflow really run, Amp's stand-in as the agent.</summary>
public sealed class GitHubTests
{
    internal const string Workflow = """
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
    public async Task Red_feedback_green_pull_request_merge()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubStage(github);
        await github.CreateRepository("acme/answer", Files(Workflow));
        await stage.Up();

        var task = await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 41\nfake[2]: write answer 42");
        task = await stage.Ended(task.Id);
        Assert.Equal((Status.Success, 2, PullRequestState.Open), (task.Status, task.Attempts, task.PullRequest?.State));
        Assert.StartsWith("T-", task.ThreadId, StringComparison.Ordinal);
        Assert.True(task.Usage?.InputTokens > 0);
        Assert.Contains("expected 42 but was 41", (await stage.Ampx("logs", task.Id, "--feedback")).Out, StringComparison.Ordinal);
        var attempts = (await stage.Get<AttemptList>($"tasks/{task.Id}/attempts")).Attempts;
        Assert.Equal(["red", "green"], attempts.Select(attempt => attempt.Ci?.Verdict));
        Assert.Equal("Test", attempts[0].Ci!.Runs.Single().Jobs.Single().FailedStep);

        var merge = await stage.Ampx("merge", task.Id);
        Assert.True(merge.Code == 0, merge.Err);
        Assert.Equal(PullRequestState.Merged, (await stage.Show(task.Id)).PullRequest!.State);
        Assert.Empty(github.Site.Requests.Violations);
    }

    [Fact]
    public async Task Red_three_times_needs_review_with_a_draft()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubStage(github);
        await github.CreateRepository("acme/answer", Files(Workflow));
        await stage.Up();

        var task = await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 1\nfake[2]: write answer 2\nfake[3]: write answer 3");
        task = await stage.Ended(task.Id);
        Assert.Equal((Status.NeedsReview, 3, ErrorCodes.CiFailed), (task.Status, task.Attempts, task.Error?.Code));
        Assert.Contains("expected 42 but was 3", task.Summary, StringComparison.Ordinal);
        Assert.Equal(PullRequestState.Draft, task.PullRequest?.State);
        Assert.NotNull(task.CompareUrl);
    }

    [Fact]
    public async Task A_workflow_that_runs_on_pull_requests_gets_its_draft_first()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubStage(github);
        await github.CreateRepository("acme/answer", Files(Workflow.Replace("on: push", "on: pull_request", StringComparison.Ordinal)));
        await stage.Up();

        var task = await stage.Start("acme/answer", "Write the answer\n\nfake[1]: write answer 42");
        task = await stage.Ended(task.Id);
        Assert.Equal((Status.Success, 1, PullRequestState.Open), (task.Status, task.Attempts, task.PullRequest?.State));
        var timeline = (await stage.Get<Timeline>($"tasks/{task.Id}/timeline")).Entries;
        Assert.Equal(2, timeline.Count(entry => entry.Cause == "pull_request_opened"));
    }

    [Fact]
    public async Task A_repository_that_the_token_cannot_see_costs_nothing()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubStage(github);
        await stage.Up();

        var task = await stage.Start("acme/nothing", "Write the answer\n\nfake[1]: write answer 42");
        task = await stage.Ended(task.Id);
        Assert.Equal((Status.Error, ErrorCodes.GitHubNotFound, null), (task.Status, task.Error?.Code, task.Usage));
    }

    internal static Stage GitHubStage(FakeGitHubServer github)
    {
        var stage = new Stage();
        stage.Environment["Ampx__GitHub__ApiUrl"] = github.ApiUrl.ToString();
        stage.Environment["Ampx__GitHub__WebUrl"] = github.WebUrl.ToString();
        stage.Environment["Ampx__GitHub__Token"] = github.CreateToken();
        stage.Environment["Ampx__Agents__amp__Command"] = Stage.Program("fake-amp");
        stage.Environment["AMP_API_KEY"] = "sgamp_user_test";
        stage.Environment["FAKE_AMP_HOME"] = Path.Combine(stage.Root, "amp");
        stage.Environment["Ampx__Agents__amp__PassEnvironment__0"] = "FAKE_AMP_HOME";
        return stage;
    }

    internal static Dictionary<string, string> Files(string workflow) => new() { ["README.md"] = "An answer.", [".github/workflows/ci.yml"] = workflow };
}
