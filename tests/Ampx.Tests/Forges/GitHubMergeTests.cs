using System.Net;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Xunit;
using PullRequest = Ampx.Core.Tasks.PullRequest;
using static Ampx.Tests.Forges.FakeGitHubApi;

namespace Ampx.Tests.Forges;

public sealed class GitHubMergeTests : IDisposable
{
    private const string One = "GET repos/o/r/pulls/5";
    private const string MergeIt = "PUT repos/o/r/pulls/5/merge";
    private const string GraphQL = "POST https://ghe.acme.com/api/graphql";
    private readonly FakeGitHubApi _github = new();

    private TaskState Opened => _github.Task with { PullRequest = new PullRequest(5, "https://ghe.acme.com/o/r/pull/5", PullRequestState.Open) };

    public void Dispose() => _github.Dispose();

    [Fact]
    public async Task Exactly_the_judged_commit_is_merged_once_GitHub_knows_that_it_can_be()
    {
        _github.Says(One, Pull(mergeable: "null")).Says(One, Pull()).Says(One, Pull(state: "closed", merged: true))
            .Says(MergeIt, $$"""{"sha":"{{new string('c', 40)}}","merged":true,"message":"Pull Request successfully merged"}""")
            .Says(Refs, Ref(Sha)).Says(DeleteRef, HttpStatusCode.UnprocessableEntity, "Reference does not exist");

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

    [Theory]
    [InlineData("Squash merges are not allowed on this repository.", "clean", "allows --method merge or rebase")]
    [InlineData("Repository rule violations found\n\nChanges must be made through the merge queue", "blocked", "'ampx merge --auto' puts it there")]
    [InlineData("Required status check \"build\" is expected.", "blocked", "a check that main requires is missing")]
    [InlineData("2 of 3 required status checks are expected.", "blocked", "a check that main requires is missing")]
    [InlineData("Changes requested by reviewer.", "blocked", "a review is missing")]
    [InlineData("A conversation must be resolved before this pull request can be merged.", "blocked", "every conversation")]
    [InlineData("Pull Request is not mergeable", "behind", "wants branches up to date")]
    [InlineData("This branch must not contain merge commits.", "blocked", "(This branch must not contain merge commits)")]
    public async Task GitHubs_words_come_with_what_can_be_done(string words, string state, string what)
    {
        _github.Says(One, Pull(mergeableState: state)).Says(MergeIt, HttpStatusCode.MethodNotAllowed, words)
            .Says("GET repos/o/r", """{"id":1,"name":"r","full_name":"o/r","allow_squash_merge":false,"allow_merge_commit":true,"allow_rebase_merge":true}""");

        var no = Assert.IsType<MergeRefused>(await Merge());

        Assert.Equal(ErrorCodes.NotMergeable, no.Code);
        Assert.Contains(what, no.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', no.Detail);
    }

    [Fact]
    public async Task A_base_that_moves_is_tried_again_and_a_lost_answer_finds_it_merged()
    {
        _github.Says(One, Pull()).Says(MergeIt, HttpStatusCode.MethodNotAllowed, "Base branch was modified. Review and try the merge again.").Says(MergeIt, """{"sha":"e1","merged":true}""");
        Assert.Equal("e1", Assert.IsType<Merged>(await Merge()).Sha);

        using var lost = new FakeGitHubApi();
        lost.Says(One, Pull()).Says(One, Pull(state: "closed", merged: true)).Says(MergeIt, HttpStatusCode.BadGateway).Says(MergeIt, HttpStatusCode.MethodNotAllowed, "Pull Request is not mergeable");
        Assert.IsType<Merged>(await lost.Forge().Merge(lost.Repo, Opened, new MergeOrder(), default));
    }

    [Fact]
    public async Task A_draft_is_marked_ready_first()
    {
        _github.Says(One, Pull(draft: true, mergeableState: "draft")).Says(One, Pull()).Says(GraphQL, """{"data":{}}""").Says(MergeIt, """{"sha":"e1","merged":true}""");

        Assert.IsType<Merged>(await Merge());
        Assert.Contains("markPullRequestReadyForReview", Mutations.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_branch_that_somebody_pushed_to_after_the_merge_stays()
    {
        _github.Says(One, Pull(state: "closed", merged: true)).Says(Refs, Ref(new string('d', 40)));

        Assert.IsType<Merged>(await Merge(new(DeleteBranch: true)));

        Assert.Equal(0, _github.Calls("DELETE"));
        Assert.Contains("dddddddddd was pushed to it meanwhile", Assert.Single(_github.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_right_to_merge_it_is_forbidden_and_not_a_hiccup()
    {
        _github.Says(One, Pull()).Says(MergeIt, HttpStatusCode.Forbidden, "Resource not accessible by personal access token");
        Assert.Equal(ErrorCodes.GitHubForbidden, (await Assert.ThrowsAsync<ForgeException>(() => Merge())).Code);
    }

    [Fact]
    public async Task A_rate_limit_told_in_an_answer_of_200_is_waited_out_and_no_refusal()
    {
        _github.Says(One, Pull(mergeableState: "blocked")).Says(GraphQL, """{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for user ID 1."}]}""");
        var limit = await Assert.ThrowsAsync<ForgeException>(() => Merge(new(Auto: true)));
        Assert.NotNull(limit.RetryAt);
        Assert.Contains("rate limit exceeded", limit.Message, StringComparison.Ordinal);
    }

    // Auto-merge.

    [Fact]
    public async Task Auto_merge_is_armed_for_exactly_the_judged_commit()
    {
        _github.Says(One, Pull(mergeableState: "blocked")).Says(GraphQL, """{"data":{"enablePullRequestAutoMerge":{}}}""");

        Assert.IsType<AutoMergeArmed>(await Merge(new(MergeMethod.Rebase, Auto: true)));

        var mutation = Mutations.Single();
        Assert.All(["enablePullRequestAutoMerge", $"\"sha\":\"{Sha}\"", "\"method\":\"REBASE\"", "\"id\":\"PR_x\""], piece => Assert.Contains(piece, mutation, StringComparison.Ordinal));
        Assert.Equal(0, _github.Calls("PUT"));
    }

    [Fact]
    public async Task Armed_already_after_a_crash_it_is_not_armed_again()
    {
        _github.Says(One, Pull(mergeableState: "blocked", autoMerge: true));
        Assert.IsType<AutoMergeArmed>(await Merge(new(Auto: true)));
        Assert.Empty(Mutations);
    }

    [Theory]
    [InlineData("clean", "true", null)]
    [InlineData("unstable", "true", null)]
    [InlineData("unknown", "null", "Pull request Pull request is in clean status")]
    [InlineData("unknown", "null", "Pull request Pull request is in unstable status")]
    public async Task Where_nothing_is_in_the_way_auto_merges_at_once(string state, string mergeable, string? said)
    {
        _github.Says(One, Pull(mergeableState: state, mergeable: mergeable)).Says(GraphQL, Errors(said ?? "not to be asked")).Says(MergeIt, """{"sha":"e1","merged":true}""");

        Assert.IsType<Merged>(await Merge(new(Auto: true)));
        Assert.Equal(said is null ? 0 : 1, Mutations.Count);
    }

    [Theory]
    [InlineData("Pull request Auto merge is not allowed for this repository", "'Allow auto-merge' switched off")]
    [InlineData("Merge method squash merging is not allowed on this repository", "allows --method rebase")]
    [InlineData("Something else", "Something else")]
    public async Task A_refusal_to_arm_says_why(string said, string words)
    {
        _github.Says(One, Pull(mergeableState: "blocked")).Says(GraphQL, Errors(said)).Says("GET repos/o/r", """{"id":1,"name":"r","full_name":"o/r","allow_rebase_merge":true}""");

        var no = Assert.IsType<MergeRefused>(await Merge(new(Auto: true)));

        Assert.Contains(words, no.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_a_merge_queue_auto_queues_it()
    {
        _github.Says(One, Pull()).Says(MergeIt, HttpStatusCode.MethodNotAllowed, "Changes must be made through the merge queue").Says(GraphQL, """{"data":{"enqueuePullRequest":{}}}""");

        Assert.IsType<AutoMergeArmed>(await Merge(new(Auto: true)));
        Assert.Contains("enqueuePullRequest", Mutations.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Auto_merge_is_taken_back_and_taking_back_twice_is_fine()
    {
        _github.Says(One, Pull(autoMerge: true)).Says(One, Pull()).Says(GraphQL, """{"data":{"disablePullRequestAutoMerge":{}}}""").Says(GraphQL, Errors("Pull request is not in the merge queue"));

        Assert.IsType<AutoMergeDisarmed>(await Merge(new(Disarm: true)));
        Assert.IsType<AutoMergeDisarmed>(await Merge(new(Disarm: true)));
        Assert.Collection(Mutations, one => Assert.Contains("disablePullRequestAutoMerge", one, StringComparison.Ordinal), two => Assert.Contains("dequeuePullRequest", two, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Taken_back_too_late_it_is_merged()
    {
        _github.Says(One, Pull(autoMerge: true)).Says(One, Pull(state: "closed", merged: true)).Says(GraphQL, Errors("Can't disable auto-merge for this pull request"));
        Assert.IsType<Merged>(await Merge(new(Disarm: true)));
    }

    private List<string> Mutations => [.. _github.Seen.Where(seen => seen.Call == GraphQL).Select(seen => seen.Body)];

    private Task<TaskEvent> Merge(MergeOrder? order = null) => _github.Forge().Merge(_github.Repo, Opened, order ?? new MergeOrder(), default);

    private static string Errors(string message) => $$"""{"data":null,"errors":[{"type":"UNPROCESSABLE","message":"{{message}}"}]}""";
}
