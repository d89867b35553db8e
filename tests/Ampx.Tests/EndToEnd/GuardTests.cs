using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Changes that a person has to see, with the real programs: held although CI is green, taken by continue, merged by force.</summary>
public sealed class GuardTests
{
    private const string Repo = PullRequestScene.Name;

    /// <summary>Green for whatever the branch holds.</summary>
    private const string OwnWorkflow = """
        fake[1]: write .github/workflows/ci.yml <<END
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: echo fine
        END
        """;

    [Fact]
    public async Task A_rewritten_workflow_is_held_until_a_person_takes_it_and_a_further_one_again()
    {
        await using var scene = await PullRequestScene.Begin();
        var task = await scene.Stage.Ended((await scene.Stage.Start(Repo, $"Make it green\n\n{OwnWorkflow}\nfake[2]: write .ampx.yml ci: true")).Id);
        Assert.Equal((Status.NeedsReview, ErrorCodes.ProtectedChange, PullRequestState.Draft), (task.Status, task.Error?.Code, task.PullRequest?.State));
        Assert.Contains(".github/workflows/ci.yml (protected)", task.Summary, StringComparison.Ordinal);
        Assert.Contains(".github/workflows/ci.yml (protected)", scene.Pull.Body, StringComparison.Ordinal);
        Assert.Contains((await scene.Stage.Get<Timeline>($"tasks/{task.Id}/timeline")).Entries, entry => entry.Detail == "protected_change: .github/workflows/ci.yml (protected)");
        Assert.Contains("for a person to look at: .github/workflows/ci.yml (protected)", (await scene.Stage.Ampx("logs", task.Id, "--source", "system")).Out, StringComparison.Ordinal);

        var refused = await scene.Stage.Ampx("merge", task.Id);
        Assert.Equal(1, refused.Code);
        Assert.Contains("ampx merge --force", refused.Err, StringComparison.Ordinal);

        var taken = await scene.Stage.Ampx("continue", task.Id, "--wait");
        Assert.True(taken.Code == 0, taken.Out + taken.Err);
        var success = await scene.Stage.Show(task.Id);
        Assert.Equal((Status.Success, PullRequestState.Open, task.HeadSha, 1), (success.Status, success.PullRequest?.State, success.HeadSha, success.Attempts));

        var further = await scene.Stage.Ampx("continue", task.Id, "-m", "And locally\n\nfake[2]: write .ampx.yml ci: true", "--wait");
        Assert.Equal(1, further.Code);
        task = await scene.Stage.Show(task.Id);
        Assert.Equal(ErrorCodes.ProtectedChange, task.Error?.Code);
        Assert.EndsWith("look at .ampx.yml (protected)", task.Summary, StringComparison.Ordinal);
        Assert.Empty(scene.GitHub.Site.Requests.Violations);
    }

    [Fact]
    public async Task A_skipped_and_a_deleted_test_are_held_and_merged_by_force_as_judged()
    {
        await using var scene = await PullRequestScene.Begin();
        var tested = await scene.GitHub.CreateRepository("acme/tested", new Dictionary<string, string>
        {
            [".github/workflows/ci.yml"] = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo fine\n",
            ["a_test.go"] = "func TestA(t *testing.T) {\n}\n",
            ["b_test.go"] = "func TestB(t *testing.T) {\n\tb()\n}\n",
        });
        var task = await scene.Stage.Ended((await scene.Stage.Start("acme/tested", $"{PullRequestScene.Instruction}\nfake[1]: delete b_test.go\nfake[1]: append a_test.go func TestC(t *testing.T) {{ t.Skip() }}")).Id);
        Assert.Equal((Status.NeedsReview, ErrorCodes.ProtectedChange), (task.Status, task.Error?.Code));
        Assert.EndsWith("look at b_test.go (test deleted), a_test.go (skip mark added)", task.Summary, StringComparison.Ordinal);

        var merge = await scene.Stage.Ampx("merge", task.Id, "--force", "--method", "merge");
        Assert.True(merge.Code == 0, merge.Err);
        task = await scene.Stage.Show(task.Id);
        Assert.Equal((Status.Success, PullRequestState.Merged, null), (task.Status, task.PullRequest?.State, task.Error));
        Assert.Equal(task.HeadSha, (await tested.Git.Run("rev-parse", "main^2")).Trim());
        Assert.Empty(scene.GitHub.Site.Requests.Violations);
    }

    [Fact]
    public async Task A_repository_on_a_path_is_guarded_too_also_over_a_crash()
    {
        await using var stage = new Stage();
        stage.Agent("sly", "echo 'ci: \"true\"' > .ampx.yml; git rm -q tests/b.sh; git mv tests/c.sh tests/d.sh; echo done > answer");
        var repo = await stage.Repository("answer", (".ampx.yml", "ci: test -e answer\n"), ("tests/b.sh", "exit 0\n"), ("tests/c.sh", "exit 1\n"));
        await stage.Up();

        var task = await stage.Ended((await stage.Start(repo, "Write the answer", "--agent", "sly")).Id);
        Assert.Equal((Status.NeedsReview, ErrorCodes.ProtectedChange), (task.Status, task.Error?.Code));
        Assert.EndsWith("look at .ampx.yml (protected), tests/b.sh (test deleted)", task.Summary, StringComparison.Ordinal);
        var other = await stage.Ended((await stage.Start(repo, "Write the answer again", "--agent", "sly")).Id);

        await stage.Kill();
        await stage.Up();
        var taken = await stage.Ampx("continue", task.Id, "--wait");
        Assert.True(taken.Code == 0, taken.Out + taken.Err);
        Assert.Equal((Status.Success, task.HeadSha), ((await stage.Show(task.Id)).Status, (await stage.Show(task.Id)).HeadSha));

        var merge = await stage.Ampx("merge", other.Id, "--force", "--method", "rebase");
        Assert.True(merge.Code == 0, merge.Err);
        Assert.Equal((Status.Success, other.HeadSha), ((await stage.Show(other.Id)).Status, await stage.Git(repo, "rev-parse", "main")));
    }
}
