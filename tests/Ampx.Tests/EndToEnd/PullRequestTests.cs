using System.Diagnostics;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Control;
using Ampx.FakeGitHub.Repositories;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>What people and GitHub do to a pull request, with the real programs against the fake GitHub.</summary>
public sealed class PullRequestTests
{
    private const string Repo = PullRequestScene.Name;
    private static readonly RepositorySettings NeedsAReview = new() { RequiredApprovals = 1 };

    [Fact]
    public async Task An_armed_auto_merge_is_noticed_once_a_review_is_there()
    {
        await using var scene = await PullRequestScene.Begin(NeedsAReview);
        var task = await scene.Green();

        var refused = await scene.Stage.Ampx("merge", task.Id);
        Assert.Equal(1, refused.Code);
        Assert.Contains("a review is missing", refused.Err, StringComparison.Ordinal);

        var armed = await scene.Stage.Ampx("merge", task.Id, "--auto", "--delete-branch");
        Assert.True(armed.Code == 0, armed.Err);
        task = await scene.Stage.Show(task.Id);
        Assert.Equal((Status.Success, Phase.Done, PullRequestState.Open, true), (task.Status, task.Phase, task.PullRequest!.State, task.PullRequest.AutoMerge));

        await scene.GitHub.Site.Repositories.Review(Repo, task.PullRequest.Number);
        task = await scene.Stage.Until(task.Id, now => now.PullRequest?.State is PullRequestState.Merged);
        Assert.Equal((Status.Success, false, null), (task.Status, task.PullRequest!.AutoMerge, task.NextWakeAt));
        Assert.Null(await scene.Repository.Git.Branch(task.Branch));
        Assert.Empty(scene.GitHub.Site.Requests.Violations);
    }

    [Fact]
    public async Task An_abort_takes_an_armed_auto_merge_back()
    {
        await using var scene = await PullRequestScene.Begin(NeedsAReview);
        var task = await scene.Stage.Start(Repo, PullRequestScene.Instruction, "--auto-merge");
        await scene.Stage.Until(task.Id, now => now is { Phase: Phase.Done, PullRequest.AutoMerge: true });
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
        await using var scene = await PullRequestScene.Begin();
        var issue = scene.GitHub.Site.Repositories.CreateIssue(Repo, "The answer is missing", "It should be 42.\n\nfake: write answer 42\n<!--\nfake: write answer 41\n-->", "ada");

        var (code, output, errors) = await scene.Stage.Ampx("start", Repo, "--issue", $"{issue.Number}", "--auto-merge", "--wait", "--json");
        Assert.True(code == 0, output + errors);
        var task = JsonSerializer.Deserialize<TaskView>(output, AmpxJson.Options)!;
        Assert.Contains("@ada wrote", task.Prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("41", task.Prompt, StringComparison.Ordinal);

        task = await scene.Stage.Until(task.Id, now => now.PullRequest?.State is PullRequestState.Merged);
        Assert.Equal(("The answer is missing", "closed"), (scene.Pull.Title, issue.State));
        Assert.StartsWith($"amp/issue-{issue.Number}-", task.Branch, StringComparison.Ordinal);
        Assert.Equal("42", (await scene.Repository.Git.Run("show", "main:answer")).Trim());
    }

    [Theory]
    [InlineData("7", "read")]
    [InlineData("1", "none")]
    public async Task An_issue_that_cannot_be_read_costs_no_agent(string number, string permission)
    {
        var token = new TokenSpec { Permissions = new Dictionary<string, string> { ["metadata"] = "read", ["contents"] = "write", ["pull_requests"] = "write", ["actions"] = "read", ["issues"] = permission } };
        await using var scene = await PullRequestScene.Begin(token: token);
        scene.GitHub.Site.Repositories.CreateIssue(Repo, "The answer is missing", "fake: write answer 42");

        var task = await scene.Stage.Ended((await scene.Stage.Start(Repo, "Help", "--issue", number)).Id);

        Assert.Equal((Status.Error, null), (task.Status, task.Usage));
        Assert.Contains("issues:read", task.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_repository_has_no_issues_and_merges_a_green_task_by_itself_when_asked_to()
    {
        await using var stage = new Stage();
        stage.Agent("writer", "cat >/dev/null; echo 42 >answer\n");
        await stage.Up();
        var path = await stage.Repository("plain", ("README.md", "x"));

        var (code, _, errors) = await stage.Ampx("start", path, "--issue", "1", "--agent", "writer", "--ci", "true");
        Assert.NotEqual(0, code);
        Assert.Contains("has no issues", errors, StringComparison.Ordinal);

        var task = await stage.Start(path, "Write it", "--agent", "writer", "--ci", "true", "--auto-merge");
        await stage.Until(task.Id, now => now.PullRequest?.State is PullRequestState.Merged);
        Assert.Equal("42", await stage.Git(path, "show", "main:answer"));
    }

    [Theory]
    [InlineData(false, Status.NeedsReview, ErrorCodes.PullRequestClosed, PullRequestState.Closed)]
    [InlineData(true, Status.Success, null, PullRequestState.Merged)]
    public async Task What_a_person_does_while_CI_is_waited_for_is_noticed_with_the_verdict(bool merged, Status status, string? code, PullRequestState state)
    {
        await using var scene = await PullRequestScene.Begin(settle: "00:00:04");
        var task = await scene.Stage.Start(Repo, PullRequestScene.Instruction);
        await scene.Stage.Until(task.Id, now => now is { Phase: Phase.WaitingForCi, PullRequest: not null });

        await (merged ? scene.Merges() : scene.Closes());

        task = await scene.Stage.Ended(task.Id);
        Assert.Equal((status, code, state), (task.Status, task.Error?.Code, task.PullRequest?.State));
    }

    [Fact]
    public async Task One_that_a_person_opened_is_used_and_one_that_a_person_closed_makes_room_for_another()
    {
        await using var scene = await PullRequestScene.Begin(settle: "00:00:04");
        var task = await scene.Stage.Start(Repo, PullRequestScene.Instruction);
        await scene.Stage.Until(task.Id, now => now.Phase is Phase.WaitingForCi);
        await scene.Does(HttpMethod.Post, "pulls", new { title = "By hand", head = task.Branch, @base = "main", body = "My own words" });
        task = await scene.Stage.Ended(task.Id);
        Assert.Equal((Status.Success, 1, "My own words"), (task.Status, scene.Repository.Pulls.Count(), scene.Pull.Body));

        await scene.Closes();
        var more = await scene.Stage.Ampx("continue", task.Id, "-m", "Once more\n\nfake: write more 1", "--wait");
        Assert.True(more.Code == 0, more.Err);
        Assert.Equal((2, "open"), (scene.Repository.Pulls.Count(), scene.Pull.State));
        Assert.Equal(scene.Pull.Number, (await scene.Stage.Show(task.Id)).PullRequest!.Number);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_branch_that_a_person_merged_or_deleted_takes_no_more_work(bool merged)
    {
        await using var scene = await PullRequestScene.Begin();
        var task = await scene.Green();

        await (merged ? scene.Merges() : scene.Does(HttpMethod.Delete, $"git/refs/heads/{task.Branch}"));

        var refused = await scene.Stage.Ampx("continue", task.Id, "-m", "More", "--json");
        Assert.Equal((1, ErrorCodes.BranchGone), (refused.Code, JsonDocument.Parse(refused.Out).RootElement.GetProperty("code").GetString()));
        Assert.Equal(merged, (await scene.Stage.Show(task.Id)).PullRequest!.State is PullRequestState.Merged);
    }

    [Fact]
    public async Task A_forge_out_of_reach_holds_no_order_up()
    {
        await using var scene = await PullRequestScene.Begin();
        var task = await scene.Green();
        scene.GitHub.Site.Faults.Add(new Fault { Path = "/api/v3/*", Times = null, DelayMs = 60_000 });

        var since = Stopwatch.GetTimestamp();
        var taken = await scene.Stage.Ampx("continue", task.Id, "-m", "More");

        Assert.True(taken.Code == 0, taken.Err);
        Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(15));
        Assert.Equal("More", (await scene.Stage.Show(task.Id)).Prompt);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task In_a_plain_repository_too(bool merged)
    {
        await using var stage = new Stage();
        stage.Agent("writer", "cat >/dev/null; echo 42 >>answer\n");
        await stage.Up();
        var path = await stage.Repository("plain", ("README.md", "x"));
        var task = await stage.Ended((await stage.Start(path, "Write it", "--agent", "writer", "--ci", "true")).Id);
        Assert.Equal(Status.Success, task.Status);

        if (merged) await stage.Git(path, "update-ref", "refs/heads/main", $"refs/heads/{task.Branch}");
        else await stage.Git(path, "update-ref", "-d", $"refs/heads/{task.Branch}");

        var refused = await stage.Ampx("continue", task.Id, "-m", "More");
        Assert.Equal(1, refused.Code);
        Assert.Contains(merged ? "is merged into main already" : "was deleted from", refused.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Killed_just_after_GitHub_has_done_it_the_service_finds_it_done(bool auto)
    {
        await using var scene = await PullRequestScene.Begin(auto ? NeedsAReview : null);
        var task = await scene.Green();
        // It is carried out, but the answer is lost; and the next call hangs until the service is killed.
        var path = auto ? "*/graphql" : "*/merge";
        scene.GitHub.Site.Faults.Add(new Fault { Path = path, ResetAfter = true });
        scene.GitHub.Site.Faults.Add(new Fault { Path = path, DelayMs = 60_000 });
        string[] command = auto ? ["merge", task.Id, "--auto"] : ["merge", task.Id];
        var order = scene.Stage.Ampx(command);
        await Stage.Until(() => Task.FromResult(auto ? scene.Pull.AutoMerge is not null : scene.Pull.MergedAt is not null), "GitHub has done it");

        await scene.Stage.Kill();
        Assert.NotEqual(0, (await order).Code);
        scene.GitHub.Site.Faults.Clear();
        await scene.Stage.Up();

        task = await scene.Stage.Until(task.Id, now => auto ? now is { Phase: Phase.Done, PullRequest.AutoMerge: true } : now.PullRequest?.State is PullRequestState.Merged);
        Assert.Equal((Status.Success, Phase.Done), (task.Status, task.Phase));
        if (auto)
        {
            // Armed before a restart, watched after another.
            await scene.Stage.Kill();
            await scene.Stage.Up();
            await scene.GitHub.Site.Repositories.Review(Repo, scene.Pull.Number);
            await scene.Stage.Until(task.Id, now => now.PullRequest?.State is PullRequestState.Merged);
        }

        Assert.Equal("2", await scene.Repository.Git.Run("rev-list", "--count", "main"));
    }
}
