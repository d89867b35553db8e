using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class WebhookTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    private const string Sha = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
    private const string UseOurs = "ours";
    private const string Watch = "ci-github.com/acme/shop";

    [Theory]
    [InlineData("workflow_run", $$$"""{"workflow_run":{"head_sha":"{{{Sha}}}"},"repository":{"html_url":"https://github.com/Acme/Shop"}}""")]
    [InlineData("check_run", $$$"""{"check_run":{"head_sha":"{{{Sha}}}"},"repository":{"html_url":"https://github.com/acme/shop"}}""")]
    [InlineData("check_suite", $$$"""{"check_suite":{"head_sha":"{{{Sha}}}"},"repository":{"html_url":"https://github.com/acme/shop"}}""")]
    [InlineData("push", $$$"""{"after":"{{{Sha}}}","repository":{"html_url":"https://github.com/acme/shop","url":"https://github.com/acme/shop"}}""")]
    public async Task News_of_a_commit_are_a_hint_to_its_repositorys_watch(string what, string payload)
    {
        var id = Guid.NewGuid().ToString();
        Assert.Equal(202, (await Deliver(what, payload, id)).Status);
        Assert.Equal((Watch, id, Sha), gateway.Tasks.Hints.Single(hint => hint.Delivery == id));
    }

    [Fact]
    public async Task News_of_a_pull_request_are_a_hint_to_its_own_watch()
    {
        Assert.Equal(202, (await Deliver("pull_request", """{"action":"closed","number":7,"pull_request":{"merged":true},"repository":{"html_url":"https://github.com/acme/shop"}}""", "closed")).Status);
        Assert.Equal(("pulls-github.com/acme/shop", "closed", "#7"), gateway.Tasks.Hints.Single(hint => hint.Delivery == "closed"));
    }

    [Fact]
    public async Task A_pull_request_is_news_for_those_who_wait_for_its_commit_too()
    {
        Assert.Equal(202, (await Deliver("pull_request", $$$"""{"action":"closed","number":8,"pull_request":{"head":{"sha":"{{{Sha}}}"}},"repository":{"html_url":"https://github.com/acme/shop"}}""", "with-head")).Status);
        Assert.Equal([(Watch, "with-head", Sha), ("pulls-github.com/acme/shop", "with-head", "#8")], gateway.Tasks.Hints.Where(hint => hint.Delivery == "with-head").Order());
    }

    [Theory]
    [InlineData("workflow_run", "/workflow_run/head_sha")]
    [InlineData("check_run", "/check_run/head_sha")]
    [InlineData("check_suite", "/check_suite/head_sha")]
    [InlineData("push", "/after")]
    [InlineData("pull_request", "/pull_request/head/sha")]
    public async Task Every_payload_that_GitHub_has_published_is_read(string what, string commit)
    {
        var payloads = DescriptionFiles.Deliveries()[what].ToList();
        Assert.True(payloads.Count >= 5, $"{payloads.Count} examples of {what}");
        foreach (var (n, payload) in payloads.Index())
        {
            var id = $"{what} {n}";
            Assert.Equal(202, (await Deliver(what, payload.ToJsonString(), id)).Status);
            var repository = new Uri((string)payload["repository"]!["html_url"]!).AbsolutePath.ToLowerInvariant();
            var sha = commit.Trim('/').Split('/').Aggregate(payload, (at, name) => at[name]!).GetValue<string>();
            Assert.Contains(($"ci-github.com{repository}", id, sha), gateway.Tasks.Hints);
            if (what == "pull_request") Assert.Contains(($"pulls-github.com{repository}", id, $"#{payload["number"]}"), gateway.Tasks.Hints);
        }
    }

    [Theory]
    [InlineData("pull_request", """{"action":"closed","number":"seven","repository":{"html_url":"https://github.com/acme/shop"}}""")]
    [InlineData("ping", """{"zen":"Keep it logically awesome.","repository":{"html_url":"https://github.com/acme/shop"}}""")]
    [InlineData("issues", """{"action":"opened","repository":{"html_url":"https://github.com/acme/shop"}}""")]
    [InlineData("no_such_event", "not even JSON")]
    [InlineData("workflow_run", """{"workflow_run":{"head_sha":"6113"},"repository":{"html_url":"https://elsewhere.example/acme/shop"}}""")]
    [InlineData("workflow_run", """{"workflow_run":{"head_sha":"6113"},"repository":"acme/shop"}""")]
    [InlineData("workflow_run", """{"workflow_run":{"head_sha":"6113"}}""")]
    public async Task What_is_no_news_is_taken_and_changes_nothing(string what, string payload)
    {
        var id = Guid.NewGuid().ToString();
        Assert.Equal(202, (await Deliver(what, payload, id)).Status);
        Assert.DoesNotContain(gateway.Tasks.Hints, hint => hint.Delivery == id);
    }

    [Fact]
    public async Task A_payload_without_its_commit_is_a_hint_for_all()
    {
        Assert.Equal(202, (await Deliver("workflow_run", """{"workflow_run":null,"repository":{"html_url":"https://github.com/acme/shop"}}""", "no-sha")).Status);
        Assert.Contains((Watch, "no-sha", null), gateway.Tasks.Hints);
    }

    [Fact]
    public async Task What_is_not_signed_with_our_secret_is_refused_and_no_secret_is_logged()
    {
        const string payload = """{"after":"6113","repository":{"html_url":"https://github.com/acme/shop"}}""";
        var right = Sign(payload);
        foreach (var header in new[]
                 {
                     null, "", "sha256=", right[..^1], right + "0", right[..^1] + (right[^1] == '0' ? '1' : '0'), right["sha256=".Length..], right.ToUpperInvariant().Replace("SHA256", "sha1", StringComparison.Ordinal),
                     $"sha1={right[^40..]}",
                     Sign(payload, "another secret"), Sign(payload + " "), $"sha256={new string('z', 64)}",
                 })
            (await Deliver("push", payload, "forged", header)).Problem(401, "unauthorized");
        (await Deliver("push", "", "forged", Sign(payload))).Problem(401, "unauthorized");
        Assert.DoesNotContain(gateway.Tasks.Hints, hint => hint.Delivery == "forged");
        Assert.Equal(202, (await Deliver("push", payload, "right", right)).Status);
        Assert.NotEmpty(gateway.Log.Lines);
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Contains("hush", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Signed_and_unreadable_is_told_so()
    {
        foreach (var payload in new[] { "", "{", "[]", "null", "{\"after\":", "{\"after\":\"\\ud800\",\"repository\":{\"html_url\":\"\\ud800\"}}", "\0" })
            (await Deliver("push", payload, "broken")).Problem(400, "bad_request");
        (await Deliver("push", "payload=%7B%7D", "form", type: "application/x-www-form-urlencoded")).Problem(415, "unsupported_media_type");
        (await Deliver("push", "{}", "")).Problem(400, "bad_request");
        (await Deliver("", "{}", "no event")).Problem(400, "bad_request");
        (await Deliver("push", "{}", new string('x', 200))).Problem(400, "bad_request");
        (await gateway.Get("/webhooks/github")).Problem(405, "method_not_allowed");
    }

    [Fact]
    public async Task A_push_of_many_commits_is_large_and_taken_and_more_than_github_sends_is_not()
    {
        var commits = string.Join(',', Enumerable.Repeat($$$"""{"id":"{{{Sha}}}","message":"{{{new string('m', 500)}}}"}""", 2048));
        Assert.Equal(202, (await Deliver("push", $$$"""{"after":"{{{Sha}}}","commits":[{{{commits}}}],"repository":{"html_url":"https://github.com/acme/shop"}}""", "large")).Status);
        Assert.Contains((Watch, "large", Sha), gateway.Tasks.Hints);
        using var endless = new HttpRequestMessage(HttpMethod.Post, "/webhooks/github") { Content = new ByteArrayContent(new byte[26 * 1024 * 1024]) };
        endless.Content.Headers.ContentType = new("application/json");
        endless.Headers.ExpectContinue = true; // so that the answer is read before the body is sent
        using var answer = await gateway.Stranger.SendAsync(endless);
        Assert.Equal(401, (int)answer.StatusCode); // unsigned: nobody reads it
        using var signed = new HttpRequestMessage(HttpMethod.Post, "/webhooks/github") { Content = new ByteArrayContent(new byte[26 * 1024 * 1024]) };
        signed.Headers.ExpectContinue = true;
        signed.Headers.Add("X-Hub-Signature-256", Sign("whatever"));
        using var refused = await gateway.Stranger.SendAsync(signed);
        Assert.Equal(413, (int)refused.StatusCode);
        Assert.Contains("at most 25 MB", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delivery_comes_by_whatever_name_and_with_whatever_bearer()
    {
        const string payload = $$$"""{"after":"{{{Sha}}}","repository":{"html_url":"https://github.com/acme/shop"}}""";
        var answer = await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/webhooks/github", payload,
            ("Host", "ampx.acme.example"), ("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "by name"), ("X-Hub-Signature-256", Sign(payload)), ("Authorization", "Bearer none"));
        Assert.Equal(202, answer.Status);
    }

    [Fact]
    public async Task Without_a_secret_nothing_is_taken_and_GitHub_is_told_why()
    {
        await using var plain = new GatewayHost { Secret = "" };
        await plain.InitializeAsync();
        var answer = await GatewayHost.Send(plain.Stranger, HttpMethod.Post, "/webhooks/github", "{}", ("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "none"), ("X-Hub-Signature-256", Sign("{}", "")));
        Assert.Contains("WebhookSecret", answer.Problem(404, "not_found").GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Empty(plain.Tasks.Hints);
    }

    private Task<Answer> Deliver(string what, string payload, string id, string? signature = UseOurs, string type = "application/json") => Send(what, payload, id, signature == UseOurs ? Sign(payload) : signature, type);

    private async Task<Answer> Send(string what, string payload, string id, string? signature, string type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/github") { Content = new StringContent(payload, Encoding.UTF8, MediaTypeHeaderValue.Parse(type)) };
        if (what.Length > 0) request.Headers.Add("X-GitHub-Event", what);
        if (id.Length > 0) request.Headers.Add("X-GitHub-Delivery", id);
        if (signature is not null) request.Headers.TryAddWithoutValidation("X-Hub-Signature-256", signature);
        using var answer = await gateway.Stranger.SendAsync(request);
        return new((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, await answer.Content.ReadAsStringAsync(), new Dictionary<string, string>());
    }

    private static string Sign(string payload, string secret = GatewayHost.WebhookSecret) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(payload)))}";
}
