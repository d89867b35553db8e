using System.Net.Http.Headers;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

public class RestTests
{
    [Fact]
    public async Task A_second_pull_request_for_a_branch_is_a_422()
    {
        await using var forge = await Forge.Start();
        await forge.Push("feature", "a.txt", "a");
        await forge.OpenPull("feature");
        var (status, body) = await forge.Send(HttpMethod.Post, "pulls", new { title = "Again", head = "acme:feature", @base = "main" });

        Assert.Equal(422, status);
        Assert.Equal("A pull request already exists for acme:feature.", (string)body!["errors"]![0]!["message"]!);
        Assert.Single((await forge.Get("pulls?head=acme:feature")).AsArray());
        Assert.Empty((await forge.Get("pulls?head=acme:other")).AsArray());
    }

    [Fact]
    public async Task A_pull_request_needs_commits()
    {
        await using var forge = await Forge.Start();
        await Forge.Succeeds(forge.Checkout, "push", "--quiet", "origin", "main:same");
        var (status, body) = await forge.Send(HttpMethod.Post, "pulls", new { title = "None", head = "same", @base = "main" });
        Assert.Equal((422, "No commits between main and same"), (status, (string)body!["errors"]![0]!["message"]!));
    }

    [Theory]
    [InlineData("merge", 2)]
    [InlineData("squash", 1)]
    [InlineData("rebase", 1)]
    public async Task Mergeable_is_null_at_first_and_then_it_merges(string method, int parents)
    {
        await using var forge = await Forge.Start();
        var (sha, _) = await forge.Push("feature", "a.txt", "a");
        await forge.EndedRun(sha);
        var number = await forge.OpenPull("feature");
        Assert.Null((await forge.Get($"pulls/{number}"))["mergeable"]);
        var pull = await forge.Get($"pulls/{number}");
        Assert.Equal((true, "clean"), ((bool)pull["mergeable"]!, (string)pull["mergeable_state"]!));

        var (status, merged) = await forge.Send(HttpMethod.Put, $"pulls/{number}/merge", new { sha, merge_method = method });
        Assert.Equal(200, status);
        Assert.Equal((string)merged!["sha"]!, await forge.Repository.Git.Branch("main"));
        Assert.Equal(parents, (await forge.Get($"commits/{merged["sha"]}"))["parents"]!.AsArray().Count);
        Assert.Equal("a", await forge.Repository.Git.Text("main", "a.txt"));
        Assert.True((bool)(await forge.Get($"pulls/{number}"))["merged"]!);
    }

    [Fact]
    public async Task A_merge_of_a_moved_head_is_a_409()
    {
        await using var forge = await Forge.Start();
        var (judged, _) = await forge.Push("feature", "a.txt", "a");
        var number = await forge.OpenPull("feature");
        await forge.Push("feature", "a.txt", "b");
        var (status, body) = await forge.Send(HttpMethod.Put, $"pulls/{number}/merge", new { sha = judged });
        Assert.Equal((409, "Head branch was modified. Review and try the merge again."), (status, (string)body!["message"]!));
    }

    [Fact]
    public async Task Conflicts_and_drafts_are_not_mergeable()
    {
        await using var forge = await Forge.Start();
        await forge.Push("feature", "test.sh", "echo one");
        var number = await forge.OpenPull("feature", draft: true);
        Assert.Equal(405, (await forge.Send(HttpMethod.Put, $"pulls/{number}/merge", new { })).Status);

        await Forge.Succeeds(forge.Checkout, "checkout", "--quiet", "main");
        await forge.Push("main", "test.sh", "echo two");
        var id = (string)(await forge.Get($"pulls/{number}"))["node_id"]!;
        await forge.Send(HttpMethod.Post, "/api/graphql", new { query = "mutation($id: ID!) { markPullRequestReadyForReview(input: {pullRequestId: $id}) { clientMutationId } }", variables = new { id } });
        var pull = await forge.Get($"pulls/{number}");
        Assert.Equal((false, false, "dirty"), ((bool)pull["draft"]!, (bool)pull["mergeable"]!, (string)pull["mergeable_state"]!));
        Assert.Equal(405, (await forge.Send(HttpMethod.Put, $"pulls/{number}/merge", new { })).Status);
    }

    [Fact]
    public async Task An_ETag_answers_304_and_costs_nothing()
    {
        await using var forge = await Forge.Start();
        using var first = await forge.Client.GetAsync(new Uri("actions/runs?per_page=1", UriKind.Relative));
        using var ask = new HttpRequestMessage(HttpMethod.Get, "actions/runs?per_page=1");
        ask.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await forge.Client.SendAsync(ask);

        Assert.Equal(304, (int)second.StatusCode);
        Assert.Equal(Remaining(first), Remaining(second));
        Assert.Equal(2, forge.Server.Site.Requests.Count("GET", "actions/runs"));
    }

    [Fact]
    public async Task Lists_come_in_pages_with_links()
    {
        await using var forge = await Forge.Start();
        for (var i = 0; i < 3; i++) forge.Server.Site.Actions.Add(forge.Repository, new string('a', 40), "x", new() { Conclusion = "success" });
        using var page = await forge.Client.GetAsync(new Uri("actions/runs?per_page=2&branch=x", UriKind.Relative));
        var link = Assert.Single(page.Headers.GetValues("Link"));
        Assert.Contains("per_page=2&branch=x&page=2>; rel=\"next\"", link, StringComparison.Ordinal);
        Assert.Single((await forge.Get("actions/runs?per_page=2&branch=x&page=2"))["workflow_runs"]!.AsArray());
    }

    [Fact]
    public async Task An_exhausted_budget_is_a_403_until_the_reset()
    {
        await using var forge = await Forge.Start();
        forge.Server.Site.Tokens.Find(forge.Token)!.RateLimit.Set(remaining: 1);
        Assert.Equal(200, (await forge.Send(HttpMethod.Get, "branches/main")).Status);
        var (status, body) = await forge.Send(HttpMethod.Get, "branches/main");
        Assert.Equal(403, status);
        Assert.StartsWith("API rate limit exceeded", (string)body!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_meet_the_next_calls_only()
    {
        await using var forge = await Forge.Start();
        forge.Server.Site.Faults.Add(new() { Path = "*/branches/*", Status = 502, Times = 2 });
        forge.Server.Site.Faults.Add(new() { Method = "POST", Path = "*/pulls", ResetAfter = true });
        Assert.Equal(502, (await forge.Send(HttpMethod.Get, "branches/main")).Status);
        Assert.Equal(502, (await forge.Send(HttpMethod.Get, "branches/main")).Status);
        Assert.Equal(200, (await forge.Send(HttpMethod.Get, "branches/main")).Status);

        await forge.Push("feature", "a.txt", "a");
        await Assert.ThrowsAsync<HttpRequestException>(() => forge.OpenPull("feature"));
        Assert.Single(forge.Repository.Pulls);
    }

    [Fact]
    public async Task A_missing_permission_is_a_403_that_names_it()
    {
        await using var forge = await Forge.Start();
        var token = forge.Server.Site.Tokens.Create(new() { Permissions = new Dictionary<string, string> { ["contents"] = "write" } });
        forge.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("token", token.Value);
        using var answer = await forge.Client.GetAsync(new Uri("actions/runs", UriKind.Relative));
        Assert.Equal((403, "actions=read"), ((int)answer.StatusCode, answer.Headers.GetValues("X-Accepted-GitHub-Permissions").Single()));
        Assert.Equal("Requires authentication", (string)(await Anonymous(forge))!["message"]!);
    }

    private static async Task<System.Text.Json.Nodes.JsonNode?> Anonymous(Forge forge)
    {
        forge.Client.DefaultRequestHeaders.Authorization = null;
        return (await forge.Send(HttpMethod.Get, "")).Body;
    }

    private static string Remaining(HttpResponseMessage answer) => answer.Headers.GetValues("X-RateLimit-Remaining").Single();
}
