using System.Text.Json.Nodes;
using Ampx.FakeGitHub.Repositories;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

/// <summary>Auto-merge is armed over GraphQL, on the conditions and in the words of GitHub.</summary>
public class AutoMergeTests
{
    private const string Arm = """
        mutation($id: ID!, $method: PullRequestMergeMethod!, $sha: GitObjectID) {
          enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method, expectedHeadOid: $sha}) {
            pullRequest { number armed: autoMergeRequest { mergeMethod enabledBy { login } } }
          }
        }
        """;

    [Fact]
    public async Task An_armed_pull_request_merges_when_its_required_check_is_green()
    {
        await using var forge = await Waiting(new() { RequiredChecks = ["test"], DeleteBranchOnMerge = true });
        forge.Server.Site.Webhooks.Add(new($"{forge.Server.WebUrl}nobody", Events: ["pull_request"]));
        var pull = await Open(forge);

        var armed = await Ask(forge, Arm, new { id = (string)pull["node_id"]!, method = "SQUASH", sha = (string)pull["head"]!["sha"]! });
        Assert.Equal("""{"data":{"enablePullRequestAutoMerge":{"pullRequest":{"number":1,"armed":{"mergeMethod":"SQUASH","enabledBy":{"login":"octo-dev"}}}}}}""", armed.ToJsonString());
        var shown = await forge.Get("pulls/1");
        Assert.Equal(("squash", "octo-dev"), ((string)shown["auto_merge"]!["merge_method"]!, (string)shown["auto_merge"]!["enabled_by"]!["login"]!));
        Assert.Null(forge.Repository.Pulls.Single().MergedAt);

        forge.Server.Site.Actions.Update(forge.Repository, forge.Repository.Runs[0], new() { Conclusion = "success" });
        await Forge.Until(() => forge.Repository.Pulls.Single().MergedAt is not null);
        Assert.Equal("a", await forge.Repository.Git.Text("main", "a.txt"));
        await Forge.Until(() => forge.Server.Site.Webhooks.Deliveries.Count == 3);
        Assert.Equal(["opened", "auto_merge_enabled", "closed"], forge.Server.Site.Webhooks.Deliveries.Select(delivery => (string)JsonNode.Parse(delivery.Body)!["action"]!));
        Assert.Empty(forge.Server.Site.Errors);
    }

    [Fact]
    public async Task An_armed_pull_request_merges_when_it_is_approved()
    {
        await using var forge = await Waiting(new() { RequiredApprovals = 1 });
        var pull = await Open(forge);
        await Ask(forge, Arm, new { id = (string)pull["node_id"]!, method = "MERGE" });
        var (status, refusal) = await forge.Send(HttpMethod.Put, "pulls/1/merge", new { });
        Assert.Equal((405, "At least 1 approving review is required by reviewers with write access."), (status, (string)refusal!["message"]!));

        await forge.Server.Site.Repositories.Review(Forge.Name, 1, "CHANGES_REQUESTED");
        Assert.Equal("open", (string)(await forge.Get("pulls/1"))["state"]!);
        await forge.Server.Site.Repositories.Review(Forge.Name, 1);
        var merged = await forge.Get("pulls/1");
        Assert.Equal((true, "octo-dev"), ((bool)merged["merged"]!, (string)merged["merged_by"]!["login"]!));
        Assert.NotNull(merged["auto_merge"]);
        Assert.Equal(["CHANGES_REQUESTED", "APPROVED"], (await forge.Get("pulls/1/reviews")).AsArray().Select(review => (string)review!["state"]!));
    }

    [Theory]
    [InlineData("not allowed", "Pull request Auto merge is not allowed for this repository")]
    [InlineData("clean", "Pull request Pull request is in clean status")]
    [InlineData("unstable", "Pull request Pull request is in unstable status")]
    [InlineData("draft", "Pull request Pull request is in draft state")]
    [InlineData("moved", "Head branch was modified. Review and try the merge again.")]
    [InlineData("method", "Merge method squash merges are not allowed on this repository")]
    public async Task What_cannot_wait_cannot_be_armed(string why, string words)
    {
        await using var forge = await Waiting(new()
        {
            AllowAutoMerge = why != "not allowed",
            AllowSquashMerge = why != "method",
            RequiredApprovals = why is "clean" or "unstable" ? 0 : 1,
        });
        var pull = await Open(forge, draft: why == "draft");
        if (why == "clean") forge.Server.Site.Actions.Update(forge.Repository, forge.Repository.Runs[0], new() { Conclusion = "success" });

        var answer = await Ask(forge, Arm, new { id = (string)pull["node_id"]!, method = "SQUASH", sha = why == "moved" ? new string('0', 40) : null });

        Assert.Null(answer["data"]!["enablePullRequestAutoMerge"]);
        var error = Assert.Single(answer["errors"]!.AsArray())!;
        Assert.Equal(("UNPROCESSABLE", "enablePullRequestAutoMerge", words), ((string)error["type"]!, (string)error["path"]![0]!, (string)error["message"]!));
        Assert.Equal((2, 3), ((int)error["locations"]![0]!["line"]!, (int)error["locations"]![0]!["column"]!));
    }

    [Fact]
    public async Task It_is_taken_back_once()
    {
        await using var forge = await Waiting(new() { RequiredApprovals = 1 });
        var id = (string)(await Open(forge))["node_id"]!;
        await Ask(forge, Arm, new { id, method = "MERGE" });
        const string Disarm = "mutation($id: ID!) { disablePullRequestAutoMerge(input: {pullRequestId: $id}) { pullRequest { autoMergeRequest { mergeMethod } } } }";
        Assert.Null((await Ask(forge, Disarm, new { id }))["errors"]);
        Assert.Null((await forge.Get("pulls/1"))["auto_merge"]);
        Assert.Equal("Can't disable auto-merge for this pull request", (string)(await Ask(forge, Disarm, new { id }))["errors"]![0]!["message"]!);
        await forge.Server.Site.Repositories.Review(Forge.Name, 1);
        Assert.Equal("open", (string)(await forge.Get("pulls/1"))["state"]!);
    }

    [Fact]
    public async Task GraphQL_answers_what_was_asked_and_names_what_it_lacks()
    {
        await using var forge = await Waiting(new());
        var id = (string)(await Open(forge))["node_id"]!;
        var known = await Ask(forge, "query($id: ID!) { node(id: $id) { ... on PullRequest { in_queue: isInMergeQueue } } viewer { login } }", new { id });
        Assert.Equal("""{"data":{"node":{"in_queue":false},"viewer":{"login":"octo-dev"}}}""", known.ToJsonString());
        Assert.Equal("NOT_FOUND", (string)(await Ask(forge, "{ node(id: \"PR_kwDOnone\") { id } }", new { }))["errors"]![0]!["type"]!);
        var unknown = await Ask(forge, "query($id: ID!) { node(id: $id) { ... on PullRequest { colour } } }", new { id });
        Assert.Equal("Field 'colour' doesn't exist on type 'PullRequest'", (string)unknown["errors"]![0]!["message"]!);
        Assert.NotNull((await Ask(forge, "mutation {", new { }))["errors"]);
    }

    /// <summary>A repository whose one run is under way.</summary>
    private static async Task<Forge> Waiting(RepositorySettings settings)
    {
        var forge = await Forge.Start();
        forge.Repository.Settings = settings;
        forge.Server.Site.Actions.Script(forge.Repository, new() { Branch = "feature", Runs = [new() { Status = "in_progress", Jobs = [new() { Name = "test" }] }] });
        await forge.Push("feature", "a.txt", "a");
        return forge;
    }

    private static async Task<JsonNode> Open(Forge forge, bool draft = false) => await forge.Get($"pulls/{await forge.OpenPull("feature", draft)}");

    private static async Task<JsonNode> Ask(Forge forge, string query, object variables) => (await forge.Send(HttpMethod.Post, "/api/graphql", new { query, variables })).Body!;
}
