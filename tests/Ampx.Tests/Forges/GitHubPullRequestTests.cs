using System.Net;
using Ampx.Core.Tasks;
using Xunit;
using PullRequest = Ampx.Core.Tasks.PullRequest;
using static Ampx.Tests.Forges.FakeGitHubApi;

namespace Ampx.Tests.Forges;

public sealed class GitHubPullRequestTests : IDisposable
{
    private const string List = "GET repos/o/r/pulls";
    private const string Create = "POST repos/o/r/pulls";
    private const string One = "GET repos/o/r/pulls/5";
    private const string MergeIt = "PUT repos/o/r/pulls/5/merge";
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
        Assert.All(["\"title\":\"Mend add()\"", "\"head\":\"amp/mend-add-mnpqrs\"", "\"base\":\"main\"", "\"draft\":true", "It gives 3 for 1 and 3.", "expected 3 but was 4", "T-1", "actions/runs/7"],
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
    public async Task Labels_and_reviewers_are_asked_for_and_their_failure_is_no_failure()
    {
        _github.PullRequests.Labels.Add("ampx");
        _github.PullRequests.Reviewers.Add("ann");
        _github.Says(List, "[]").Says(Create, Pull(), HttpStatusCode.Created).Says("POST repos/o/r/issues/5/labels", HttpStatusCode.Forbidden).Says("POST repos/o/r/pulls/5/requested_reviewers", HttpStatusCode.UnprocessableEntity);

        Assert.Equal(5, (await _github.Forge().OpenPullRequest(_github.Repo, _github.Task, draft: false, default)).Number);
        Assert.Equal(3, _github.Calls("POST"));
    }

    [Fact]
    public async Task Exactly_the_judged_commit_is_merged_once_GitHub_knows_that_it_can_be()
    {
        _github.Says(One, Pull(mergeable: "null")).Says(One, Pull()).Says(One, Pull(state: "closed", merged: true))
            .Says(MergeIt, $$"""{"sha":"{{new string('c', 40)}}","merged":true,"message":"Pull Request successfully merged"}""")
            .Says("GET repos/o/r/git/matching-refs/heads/amp/mend-add-mnpqrs", $$"""[{"ref":"refs/heads/amp/mend-add-mnpqrs","object":{"sha":"{{Sha}}"}}]""")
            .Says("DELETE repos/o/r/git/refs/heads/amp/mend-add-mnpqrs", HttpStatusCode.UnprocessableEntity, "Reference does not exist");

        var merged = Assert.IsType<Merged>(await _github.Forge().Merge(_github.Repo, Opened, new MergeOrder(DeleteBranch: true), default));

        Assert.Equal(new string('c', 40), merged.Sha);
        var body = _github.Seen.Single(seen => seen.Call == MergeIt).Body;
        Assert.Contains($"\"sha\":\"{Sha}\"", body, StringComparison.Ordinal);
        Assert.Contains("\"merge_method\":\"squash\"", body, StringComparison.Ordinal);
        Assert.Equal(1, _github.Calls("DELETE"));
    }

    [Fact]
    public async Task Merged_already_is_merged()
    {
        _github.Says(One, Pull(state: "closed", merged: true));

        Assert.IsType<Merged>(await _github.Forge().Merge(_github.Repo, Opened, new MergeOrder(), default));
        Assert.Equal(0, _github.Calls("PUT"));
    }

    [Theory]
    [InlineData("moved before", ErrorCodes.NotMergeable, "moved")]
    [InlineData("moved in between", ErrorCodes.NotMergeable, "moved")]
    [InlineData("conflict", ErrorCodes.MergeConflict, "conflicts with main")]
    [InlineData("protected", ErrorCodes.NotMergeable, "At least 1 approving review is required")]
    [InlineData("closed", ErrorCodes.NotMergeable, "closed")]
    public async Task A_refusal_says_why(string why, string code, string words)
    {
        var other = new string('d', 40);
        _ = why switch
        {
            "moved before" => _github.Says(One, Pull(sha: other)),
            "moved in between" => _github.Says(One, Pull()).Says(One, Pull(sha: other)).Says(MergeIt, HttpStatusCode.Conflict, "Head branch was modified. Review and try the merge again."),
            "conflict" => _github.Says(One, Pull(mergeable: "false", mergeableState: "dirty")),
            "protected" => _github.Says(One, Pull(mergeableState: "blocked")).Says(MergeIt, HttpStatusCode.MethodNotAllowed, "At least 1 approving review is required by reviewers with write access."),
            _ => _github.Says(One, Pull(state: "closed")),
        };

        var no = Assert.IsType<MergeRefused>(await _github.Forge().Merge(_github.Repo, Opened, new MergeOrder(), default));

        Assert.Equal(code, no.Code);
        Assert.Contains(words, no.Detail, StringComparison.Ordinal);
    }
}
