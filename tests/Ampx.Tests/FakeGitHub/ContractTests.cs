using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Ampx.Tests.FakeGitHub;

/// <summary>Every call of the fake, in every way that it answers; what it says is held against GitHub's description when the test is over.</summary>
public class ContractTests
{
    [Fact]
    public async Task Every_call_is_made_and_answers_as_GitHub_describes()
    {
        await using var forge = await Forge.Start("[push, pull_request]");
        var (sha, _) = await forge.Push("feature/one", "a.txt", "a");
        await forge.Push("broken", ".github/workflows/ci.yml", Forge.Workflow("exit 1"));
        await forge.Push("other", "b.txt", "b");

        await Repository(forge, sha);
        await Pulls(forge, sha);
        await Issues(forge);
        await Actions(forge, sha);
        await Apps(forge);

        var made = forge.Server.Site.Requests.Counts.Where(call => call.Status < 400).Select(call => $"{call.Method} {call.Route}").ToHashSet();
        Assert.Empty(forge.Server.Routes.Except(made));
        Assert.Empty(forge.Server.Site.Errors);
    }

    [Fact]
    public async Task Every_refusal_is_as_GitHub_describes()
    {
        await using var forge = await Forge.Start();
        var (sha, _) = await forge.Push("feature", "test.sh", "echo other");
        await Forge.Succeeds(forge.Checkout, "checkout", "--quiet", "main");
        await forge.Push("main", "test.sh", "echo conflict");
        await forge.OpenPull("feature");

        await Answers(forge, 404, "GET", "/api/v3/repos/acme/none");
        await Answers(forge, 404, "GET", "/api/v3/nothing/here");
        await Answers(forge, 404, "GET", "branches/none");
        await Answers(forge, 404, "GET", "git/ref/heads/none");
        await Answers(forge, 404, "GET", "contents/none.txt");
        await Answers(forge, 404, "GET", "pulls/99");
        await Answers(forge, 404, "GET", "issues/99");
        await Answers(forge, 404, "GET", "actions/runs/99");
        await Answers(forge, 404, "GET", "actions/jobs/99/logs");
        await Answers(forge, 404, "GET", "compare/main...none");
        await Answers(forge, 422, "GET", $"commits/{new string('0', 40)}");
        await Answers(forge, 422, "POST", "git/refs", new { @ref = "refs/heads/feature", sha });
        await Answers(forge, 422, "DELETE", "git/refs/heads/none");
        await Answers(forge, 422, "POST", "pulls", new { title = "Again", head = "feature", @base = "main" });
        await Answers(forge, 422, "POST", "pulls", new { head = "feature", @base = "main" });
        await Answers(forge, 422, "POST", "pulls", new { title = "None", head = "none", @base = "main" });
        await Answers(forge, 405, "PUT", "pulls/1/merge", new { merge_method = "squash" });
        await Answers(forge, 409, "PUT", "pulls/1/merge", new { sha = new string('0', 40) });
        await Answers(forge, 422, "POST", "pulls/1/requested_reviewers", JsonNode.Parse("""{"reviewers":["octo-dev"]}"""));
        await Answers(forge, 422, "POST", "pulls/1/reviews", new { @event = "APPROVE" });
        await Answers(forge, 422, "POST", "issues/1/comments", new { });
        await Answers(forge, 403, "POST", $"actions/runs/{forge.Server.Site.Actions.Add(forge.Repository, sha, "feature", new() { Status = "in_progress" }).Id}/rerun");
        await Answers(forge, 409, "POST", $"actions/runs/{forge.Server.Site.Actions.Add(forge.Repository, sha, "feature", new() { Conclusion = "success" }).Id}/cancel");

        forge.Server.Site.Repositories.Rename(Forge.Name, "acme/moved");
        await Answers(forge, 301, "GET", "pulls/1");
        forge.Server.Site.Tokens.Find(forge.Token)!.RateLimit.Set(remaining: 0);
        await Answers(forge, 403, "GET", "/api/v3/user");
        await Answers(forge, 200, "POST", "/api/graphql", new { query = "{ viewer { login } }" });
        await Answers(forge, 200, "GET", "/api/v3/rate_limit");
        forge.Client.DefaultRequestHeaders.Authorization = new("Bearer", "wrong");
        await Answers(forge, 401, "GET", "/api/v3/user");
        await Answers(forge, 401, "GET", "/api/v3/app");
        var reader = forge.Server.Site.Tokens.Create(new() { Permissions = new Dictionary<string, string> { ["contents"] = "read" } });
        forge.Client.DefaultRequestHeaders.Authorization = new("Bearer", reader.Value);
        await Answers(forge, 403, "GET", "/api/v3/repos/acme/moved/actions/runs");
        Assert.Empty(forge.Server.Site.Errors);
    }

    private static async Task Repository(Forge forge, string sha)
    {
        await Answers(forge, 200, "GET", "/api/v3/user");
        await Answers(forge, 200, "GET", "/api/v3/meta");
        await Answers(forge, 200, "GET", "/api/v3/rate_limit");
        await Answers(forge, 200, "GET", $"/api/v3/repos/{Forge.Name}");
        await Answers(forge, 200, "GET", "branches?per_page=1&page=2");
        await Answers(forge, 200, "GET", "branches/feature/one");
        await Answers(forge, 200, "GET", "git/ref/heads/feature/one");
        await Answers(forge, 200, "GET", "git/matching-refs/heads/fea");
        await Answers(forge, 201, "POST", "git/refs", new { @ref = "refs/heads/made", sha });
        await Answers(forge, 204, "DELETE", "git/refs/heads/made");
        await Answers(forge, 200, "GET", "contents?ref=feature/one");
        await Answers(forge, 200, "GET", "contents/.github");
        await Answers(forge, 200, "GET", "contents/test.sh");
        await Answers(forge, 200, "GET", "commits?sha=feature/one");
        await Answers(forge, 200, "GET", $"commits/{sha}");
        await Answers(forge, 200, "GET", $"commits/{sha}/status");
        await Answers(forge, 200, "GET", "compare/main...feature/one");
    }

    private static async Task Pulls(Forge forge, string sha)
    {
        await Answers(forge, 201, "POST", "pulls", new { title = "One", head = "feature/one", @base = "main", body = "Text", draft = true });
        await Answers(forge, 201, "POST", "pulls", new { title = "Two", head = "acme:other", @base = "main" });
        await Answers(forge, 200, "GET", "pulls?head=acme:feature/one&state=all&base=main&sort=created&direction=asc");
        await Answers(forge, 200, "GET", "pulls/1");
        await Answers(forge, 200, "GET", "pulls/1");
        await Answers(forge, 200, "PATCH", "pulls/1", new { title = "Three", body = "More" });
        await Answers(forge, 200, "PATCH", "pulls/2", new { state = "closed" });
        await Answers(forge, 200, "PATCH", "pulls/2", new { state = "open" });
        await Answers(forge, 200, "GET", "pulls/1/files");
        await Answers(forge, 404, "GET", "pulls/1/merge");
        await Answers(forge, 201, "POST", "pulls/1/requested_reviewers", JsonNode.Parse("""{"reviewers":["octo-reviewer"]}"""));
        await Answers(forge, 200, "POST", "pulls/1/reviews", new { @event = "COMMENT", body = "Well" });
        await forge.Server.Site.Repositories.Review(Forge.Name, 1);
        await Answers(forge, 200, "GET", "pulls/1/reviews");
        var id = (string)(await forge.Get("pulls/1"))["node_id"]!;
        foreach (var url in (string[])["/api/graphql", "/api/v3/graphql"])
            await Answers(forge, 200, "POST", url, new { query = $"mutation {{ markPullRequestReadyForReview(input: {{pullRequestId: \"{id}\"}}) {{ pullRequest {{ isDraft }} }} }}" });
        forge.Repository.Settings = forge.Repository.Settings with { RequiredApprovals = 2 };
        await Answers(forge, 200, "POST", "/api/graphql", new { query = $"mutation {{ enablePullRequestAutoMerge(input: {{pullRequestId: \"{id}\"}}) {{ clientMutationId }} }}" });
        await Answers(forge, 200, "GET", "pulls/1");
        // Taken back first: a workflow that ends late would else merge by itself once nothing is asked for.
        await Answers(forge, 200, "POST", "/api/graphql", new { query = $"mutation {{ disablePullRequestAutoMerge(input: {{pullRequestId: \"{id}\"}}) {{ clientMutationId }} }}" });
        forge.Repository.Settings = forge.Repository.Settings with { RequiredApprovals = 0 };
        foreach (var run in forge.Repository.Runs) await run.Completed.WaitAsync(TimeSpan.FromSeconds(60));
        await Answers(forge, 200, "PUT", "pulls/1/merge", new { sha, merge_method = "squash", commit_title = "One" });
        await Answers(forge, 204, "GET", "pulls/1/merge");
        await Answers(forge, 200, "GET", "pulls/1");
    }

    private static async Task Issues(Forge forge)
    {
        var issue = forge.Server.Site.Repositories.CreateIssue(Forge.Name, "It breaks", "Always").Number;
        await Answers(forge, 200, "GET", $"issues/{issue}");
        await Answers(forge, 200, "GET", "issues/1");
        await Answers(forge, 200, "GET", "issues?per_page=5");
        for (var i = 0; i < 3; i++) await Answers(forge, 201, "POST", $"issues/{issue}/comments", new { body = $"Remark {i}" });
        await Answers(forge, 200, "GET", $"issues/{issue}/comments?per_page=2");
        await Answers(forge, 200, "GET", $"issues/{issue}/comments?per_page=2&page=2");
        await Answers(forge, 200, "POST", $"issues/{issue}/labels", JsonNode.Parse("""{"labels":["bug"]}"""));
        await Answers(forge, 200, "GET", $"issues/{issue}/labels");
        await Answers(forge, 200, "GET", "pulls?state=all");
    }

    private static async Task Actions(Forge forge, string sha)
    {
        await Answers(forge, 200, "GET", "actions/workflows");
        await Answers(forge, 200, "GET", $"actions/runs?head_sha={sha}&branch=feature/one&event=push&status=completed&per_page=5");
        await Answers(forge, 200, "GET", "actions/runs?created=>=2020-01-01T00:00:00Z");
        await Answers(forge, 200, "GET", $"commits/{sha}/check-runs");
        var red = forge.Repository.Runs.First(run => run.Conclusion == "failure");
        await Answers(forge, 200, "GET", $"actions/runs/{red.Id}");
        await Answers(forge, 200, "GET", $"actions/runs/{red.Id}/jobs?filter=all");
        var job = red.LatestJobs[0].Id;
        await Answers(forge, 200, "GET", $"actions/jobs/{job}");
        await Answers(forge, 302, "GET", $"actions/jobs/{job}/logs");
        await Answers(forge, 200, "GET", $"check-runs/{job}/annotations");
        await Answers(forge, 201, "POST", $"actions/runs/{red.Id}/rerun-failed-jobs");
        await red.Completed.WaitAsync(TimeSpan.FromSeconds(60));
        await Answers(forge, 201, "POST", $"actions/runs/{red.Id}/rerun");
        await red.Completed.WaitAsync(TimeSpan.FromSeconds(60));
        await Answers(forge, 200, "GET", $"actions/runs/{red.Id}/attempts/2/jobs");
        var scripted = forge.Server.Site.Actions.Add(forge.Repository, sha, "feature/one", new() { Status = "queued" });
        await Answers(forge, 200, "GET", $"actions/runs/{scripted.Id}");
        await Answers(forge, 200, "GET", $"actions/runs/{scripted.Id}/jobs");
        forge.Server.Site.Actions.Update(forge.Repository, scripted, new() { Status = "in_progress" });
        await Answers(forge, 200, "GET", $"actions/runs/{scripted.Id}/jobs");
        await Answers(forge, 202, "POST", $"actions/runs/{scripted.Id}/cancel");
        await Answers(forge, 200, "GET", $"commits/{sha}/check-runs");
    }

    private static async Task Apps(Forge forge)
    {
        using var key = RSA.Create(2048);
        var app = forge.Server.Site.Apps.Register(77, key.ExportRSAPrivateKeyPem());
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var signed = $"{Encode("""{"alg":"RS256","typ":"JWT"}"""u8)}.{Encode(Encoding.UTF8.GetBytes($$"""{"iss":77,"iat":{{now - 60}},"exp":{{now + 500}}}"""))}";
        forge.Client.DefaultRequestHeaders.Authorization = new("Bearer", $"{signed}.{Encode(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}");

        await Answers(forge, 200, "GET", "/api/v3/app");
        await Answers(forge, 200, "GET", "/api/v3/app/installations");
        await Answers(forge, 200, "GET", $"/api/v3/app/installations/{app.InstallationId}");
        await Answers(forge, 404, "GET", "/api/v3/app/installations/1");
        await Answers(forge, 200, "GET", $"/api/v3/repos/{Forge.Name}/installation");
        await Answers(forge, 404, "GET", "/api/v3/repos/acme/none/installation");
        var bought = await Answers(forge, 201, "POST", $"/api/v3/app/installations/{app.InstallationId}/access_tokens", new { });
        forge.Client.DefaultRequestHeaders.Authorization = new("Bearer", (string)bought!["token"]!);
        await Answers(forge, 403, "GET", "/api/v3/user");

        static string Encode(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
    }

    private static async Task<JsonNode?> Answers(Forge forge, int expected, string method, string path, object? body = null)
    {
        var (status, answer) = await forge.Send(new(method), path, body);
        Assert.True(status == expected, $"{method} {path} answered {status}: {answer?.ToJsonString()}");
        return answer;
    }
}
