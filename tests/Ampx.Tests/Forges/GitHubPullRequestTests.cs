using System.Net;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Xunit;
using PullRequest = Ampx.Core.Tasks.PullRequest;
using static Ampx.Tests.Forges.FakeGitHubApi;

namespace Ampx.Tests.Forges;

public sealed class GitHubPullRequestTests : IDisposable
{
    private const string List = "GET repos/o/r/pulls";
    private const string Create = "POST repos/o/r/pulls";
    private const string One = "GET repos/o/r/pulls/5";
    private const string Reviewers = "POST repos/o/r/pulls/5/requested_reviewers";
    private const string GraphQL = "POST https://ghe.acme.com/api/graphql";
    private readonly FakeGitHubApi _github = new();

    private TaskState Opened => _github.Task with { PullRequest = new PullRequest(5, "https://ghe.acme.com/o/r/pull/5", PullRequestState.Open) };

    public void Dispose() => _github.Dispose();

    [Fact]
    public async Task It_is_opened_with_what_was_asked_and_how_it_went()
    {
        _github.Says(List, "[]").Says(Create, Pull(draft: true), HttpStatusCode.Created);

        var pull = await _github.Forge().OpenPullRequest(_github.Repo, _github.Task with { Tried = ["Attempt 1: test: expected 3 but was 4"] }, draft: true, default);

        Assert.Equal(new PullRequest(5, "https://ghe.acme.com/o/r/pull/5", PullRequestState.Draft), pull);
        var body = _github.Seen.Single(seen => seen.Call == Create).Body;
        Assert.All(["https://ampcode.com/threads/T-1", "\"title\":\"Mend add()\"", "\"head\":\"amp/mend-add-mnpqrs\"", "\"base\":\"main\"", "\"draft\":true", "It gives 3 for 1 and 3.", "expected 3 but was 4", "T-1", "actions/runs/7"],
            piece => Assert.Contains(piece, body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_is_found_instead_of_opened_twice()
    {
        _github.Says(List, $"[{Pull()}]");

        Assert.Equal(5, (await _github.Forge().OpenPullRequest(_github.Repo, _github.Task, draft: false, default)).Number);
        Assert.Equal(0, _github.Calls("POST"));
    }

    [Fact]
    public async Task One_that_appeared_meanwhile_is_found_too()
    {
        _github.Says(List, "[]").Says(List, $"[{Pull()}]")
            .Says(Create, """{"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom","message":"A pull request already exists for o:amp/mend-add-mnpqrs."}]}""", HttpStatusCode.UnprocessableEntity);

        Assert.Equal(5, (await _github.Forge().OpenPullRequest(_github.Repo, _github.Task, draft: false, default)).Number);
    }

    [Fact]
    public async Task Without_drafts_in_the_plan_an_open_one_will_do()
    {
        _github.Says(List, "[]")
            .Says(Create, HttpStatusCode.UnprocessableEntity, "Draft pull requests are not supported in this repository.")
            .Says(Create, Pull(), HttpStatusCode.Created);

        Assert.Equal(PullRequestState.Open, (await _github.Forge().OpenPullRequest(_github.Repo, _github.Task, draft: true, default)).State);
        Assert.Contains("\"draft\":false", _github.Seen[^1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_is_marked_ready()
    {
        _github.Says(One, Pull(draft: true)).Says(GraphQL, """{"data":{"markPullRequestReadyForReview":{"pullRequest":{"isDraft":false}}}}""");

        Assert.Equal(PullRequestState.Open, (await _github.Forge().OpenPullRequest(_github.Repo, Opened, draft: false, default)).State);
        Assert.Contains("\"id\":\"PR_x\"", _github.Seen.Single(seen => seen.Call == GraphQL).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Closed_by_a_person_is_told_as_it_is()
    {
        _github.Says(One, Pull(state: "closed"));

        Assert.Equal(PullRequestState.Closed, (await _github.Forge().OpenPullRequest(_github.Repo, Opened, draft: false, default)).State);
    }

    [Fact]
    public async Task Labels_and_reviewers_are_asked_for_one_by_one_and_their_failure_stands_in_the_log()
    {
        _github.PullRequests.Labels.Add("ampx");
        foreach (var who in (string[])["ann", "bob", "acme/core"]) _github.PullRequests.Reviewers.Add(who);
        _github.Says(List, "[]").Says(Create, Pull(), HttpStatusCode.Created)
            .Says("POST repos/o/r/issues/5/labels", HttpStatusCode.Forbidden)
            .Says(Reviewers, HttpStatusCode.UnprocessableEntity, "Reviews may only be requested from collaborators.").Says(Reviewers, Pull(), HttpStatusCode.Created);

        Assert.Equal(5, (await _github.Forge().OpenPullRequest(_github.Repo, _github.Task, draft: false, default)).Number);

        Assert.Equal(["""{"reviewers":["ann"],"team_reviewers":[]}""", """{"reviewers":["bob"],"team_reviewers":[]}""", """{"reviewers":[],"team_reviewers":["core"]}"""],
            _github.Seen.Where(seen => seen.Call == Reviewers).Select(seen => seen.Body));
        Assert.Collection(_github.Notes,
            note => Assert.Contains("couldn't label the pull request", note, StringComparison.Ordinal),
            note => Assert.Contains("ask ann for a review: GitHub answered 422 (Reviews may only be requested from collaborators.)", note, StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_was_opened_just_before_a_crash_gets_its_labels_and_a_persons_own_is_left_alone()
    {
        _github.PullRequests.Labels.Add("ampx");
        _github.Says(List, $"[{Pull(body: "<!-- ampx:begin -->old<!-- ampx:end -->")}]").Says("POST repos/o/r/issues/5/labels", "[]").Says("PATCH repos/o/r/pulls/5", Pull());
        await _github.Forge().OpenPullRequest(_github.Repo, _github.Task, draft: false, default);
        Assert.Equal((1, 1), (_github.Calls("POST repos/o/r/issues/5/labels"), _github.Calls("PATCH")));

        using var byHand = new FakeGitHubApi();
        byHand.PullRequests.Labels.Add("ampx");
        byHand.Says(List, $"[{Pull(body: "My own words")}]");
        Assert.Equal(5, (await byHand.Forge().OpenPullRequest(byHand.Repo, byHand.Task, draft: false, default)).Number);
        Assert.Equal((0, 0), (byHand.Calls("POST"), byHand.Calls("PATCH")));
    }

    [Fact]
    public async Task One_from_a_fork_or_to_another_base_is_not_ours()
    {
        var fork = Pull(7).Replace("\"head\":{", "\"head\":{\"repo\":{\"id\":9,\"name\":\"r\"},", StringComparison.Ordinal);
        var elsewhere = Pull(8).Replace("\"ref\":\"main\"", "\"ref\":\"release\"", StringComparison.Ordinal);
        _github.Says(List, $"[{fork},{elsewhere}]").Says(Create, Pull(9), HttpStatusCode.Created);

        Assert.Equal(9, (await _github.Forge().OpenPullRequest(_github.Repo, _github.Task, draft: false, default)).Number);
    }

    [Fact]
    public async Task It_is_found_under_the_owners_new_name()
    {
        _github.Says($"{List}?head=o%3Aamp%2Fmend-add-mnpqrs&state=open&sort=created&direction=desc", "[]").Says(List, $"[{Pull()}]")
            .Says(Create, """{"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom","message":"A pull request already exists for neworg:amp/mend-add-mnpqrs."}]}""", HttpStatusCode.UnprocessableEntity);

        Assert.Equal(5, (await _github.Forge().OpenPullRequest(_github.Repo, _github.Task, draft: false, default)).Number);
        Assert.Contains("neworg", _github.Seen[^1].Call, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("head", ErrorCodes.BranchGone, "isn't at GitHub")]
    [InlineData("base", ErrorCodes.BranchNotFound, "deleted or renamed")]
    public async Task A_branch_that_is_not_there_is_named(string field, string code, string words)
    {
        _github.Says(List, "[]").Says(Create, $$"""{"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"{{field}}","code":"invalid"}]}""", HttpStatusCode.UnprocessableEntity);

        var no = await Assert.ThrowsAsync<ForgeException>(() => _github.Forge().OpenPullRequest(_github.Repo, _github.Task, draft: false, default));

        Assert.Equal(code, no.Code);
        Assert.Contains(words, no.Message, StringComparison.Ordinal);
    }

    // What became of it.

    [Fact]
    public async Task It_is_only_told_of_where_it_changed()
    {
        _github.Says(One, Pull()).Says(One, Pull(state: "closed"));

        Assert.Null(await _github.Forge().SeePullRequest(_github.Repo, Opened, default));
        Assert.Equal(PullRequestState.Closed, (await _github.Forge().SeePullRequest(_github.Repo, Opened, default))?.PullRequest.State);
        Assert.Null(await _github.Forge().SeePullRequest(_github.Repo, _github.Task, default));
    }

    [Fact]
    public async Task An_armed_one_that_waits_in_the_merge_queue_is_still_armed()
    {
        var armed = Opened with { PullRequest = Opened.PullRequest! with { AutoMerge = true } };
        _github.Says(One, Pull(autoMerge: true)).Says(One, Pull()).Says(GraphQL, """{"data":{"node":{"is_in_merge_queue":true}}}""").Says(GraphQL, """{"data":{"node":{"is_in_merge_queue":false}}}""");

        Assert.Null(await _github.Forge().SeePullRequest(_github.Repo, armed, default));
        Assert.Equal(0, _github.Calls("POST"));
        Assert.Null(await _github.Forge().SeePullRequest(_github.Repo, armed, default));
        Assert.Equal(Opened.PullRequest, (await _github.Forge().SeePullRequest(_github.Repo, armed, default))?.PullRequest);
    }

    [Fact]
    public async Task Merged_by_GitHub_its_branch_is_deleted_as_ordered()
    {
        var armed = Opened with { PullRequest = Opened.PullRequest! with { AutoMerge = true }, Merge = new MergeOrder(Auto: true, DeleteBranch: true) };
        _github.Says(One, Pull(state: "closed", merged: true)).Says(Refs, Ref(Sha)).Says(DeleteRef, "", HttpStatusCode.NoContent);

        var seen = (await _github.Forge().SeePullRequest(_github.Repo, armed, default))!.PullRequest;

        Assert.Equal((PullRequestState.Merged, false, 1), (seen.State, seen.AutoMerge, _github.Calls("DELETE")));
    }

    [Theory]
    [InlineData("success", "closed", false, typeof(PullRequestSeen))]
    [InlineData("success", "closed", true, typeof(CiPassed))]
    [InlineData("failure", "closed", true, typeof(PullRequestSeen))]
    [InlineData("failure", "open", false, typeof(CiFailed))]
    [InlineData("cancelled", "closed", false, typeof(PullRequestSeen))]
    public async Task A_verdict_is_given_on_a_pull_request_as_it_is_now(string conclusion, string state, bool merged, Type news)
    {
        _github.HasRuns($"ci push {conclusion}").Says("GET repos/o/r/actions/runs/7000000000/jobs", Jobs("test")).Says(One, Pull(state: state, merged: merged));

        var told = (await _github.Forge().ReadCi(_github.Repo, Opened, default)).News;

        Assert.IsType(news, told);
        if (told is CiPassed green) Assert.Equal(PullRequestState.Merged, green.PullRequest?.State);
        Assert.Equal(1, _github.Calls(One));
    }

    [Fact]
    public async Task Merged_without_the_judged_commit_is_no_success()
    {
        _github.HasRuns("ci push success").Says(One, Pull(state: "closed", merged: true, sha: new string('d', 40)));

        var blocked = Assert.IsType<CiBlocked>((await _github.Forge().ReadCi(_github.Repo, Opened, default)).News);

        Assert.Equal((ErrorCodes.PullRequestClosed, PullRequestState.Merged), (blocked.Code, blocked.PullRequest?.State));
        Assert.Contains("was merged at dddddddddd, without abc1234567", blocked.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_there_is_no_verdict_the_pull_request_costs_no_call()
    {
        _github.HasRuns("ci push in_progress");
        await _github.Forge().ReadCi(_github.Repo, Opened, default);
        Assert.Equal(0, _github.Calls(One));
    }

    [Fact]
    public async Task A_deleted_branch_is_told_from_one_that_is_there_or_cannot_be_seen()
    {
        _github.Says(Refs, Ref(Sha)).Says(Refs, """[{"ref":"refs/heads/amp/mend-add-mnpqrs-2","object":{"sha":"1"}}]""").Says(Refs, HttpStatusCode.NotFound);

        Assert.Null(await _github.Forge().WhyBranchGone(_github.Repo, Opened, default));
        Assert.Contains("was deleted from o/r", await _github.Forge().WhyBranchGone(_github.Repo, Opened, default), StringComparison.Ordinal);
        await Assert.ThrowsAsync<ForgeException>(() => _github.Forge().WhyBranchGone(_github.Repo, Opened, default));
    }
}
