using System.Text;
using System.Text.Json;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class ServiceApiTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    [Fact]
    public async Task The_service_says_who_calls_and_which_version_answers()
    {
        Assert.Equal($$"""{"name":"{{Environment.UserName}}","role":"admin"}""", (await gateway.Get("/api/v1/whoami")).Body);
        Assert.Equal("""{"version":"1.2.3"}""", (await gateway.Get("/api/v1/version")).Body);
    }

    [Fact]
    public async Task Doctor_tells_each_check_and_hands_the_repository_on()
    {
        gateway.Tasks.Doctor.Finds = [DoctorCheck.Fine("git", "git version 2.39.5"), DoctorCheck.Bad("agent:amp", "not signed in", "Run 'amp login'.")];
        var answer = await gateway.Get("/api/v1/doctor?repo=acme%2Fshop");
        Assert.Equal(
            (200, "application/json", "acme/shop", """{"checks":[{"name":"git","ok":true,"needed":true,"detail":"git version 2.39.5","fix":null},{"name":"agent:amp","ok":false,"needed":true,"detail":"not signed in","fix":"Run 'amp login'."}]}"""),
            (answer.Status, answer.Type, gateway.Tasks.Doctor.Asked, answer.Body));
        Assert.Equal(200, (await gateway.Get("/api/v1/doctor")).Status);
        Assert.Null(gateway.Tasks.Doctor.Asked);
        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/api/v1/doctor", null)).Problem(401, "unauthorized");
    }

    [Fact]
    public async Task Health_is_for_everybody_and_tells_no_details()
    {
        Assert.Equal("""{"status":"healthy","checks":{"silo":"healthy"}}""", (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/health/ready", null)).Body);
        gateway.Healthy = false;
        try
        {
            var ready = await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/health/ready", null);
            Assert.Equal((503, """{"status":"unhealthy","checks":{"silo":"unhealthy"}}"""), (ready.Status, ready.Body));
            Assert.Equal(200, (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, "/health/live", null)).Status);
        }
        finally
        {
            gateway.Healthy = true;
        }
    }

    [Theory]
    [InlineData("/tasks?limit=3&status=queued", "/api/v1/tasks?limit=3&status=queued")]
    [InlineData("/tasks/01AB%20C/logs/stream", "/api/v1/tasks/01AB%20C/logs/stream")]
    [InlineData("/", "/dashboard")]
    public async Task Short_ways_lead_to_the_long_ones(string from, string to)
    {
        var answer = await gateway.Get(from);
        Assert.Equal((from == "/" ? 302 : 308, to), (answer.Status, answer.Headers["Location"]));
    }

    [Fact]
    public async Task What_is_not_there_and_what_is_done_wrongly_has_problem_details()
    {
        (await gateway.Get("/api/v1/nothing")).Problem(404, "not_found");
        (await gateway.Get("/favicon.ico")).Problem(404, "not_found");
        var wrong = await gateway.Send(HttpMethod.Delete, "/api/v1/tasks", null);
        wrong.Problem(405, "method_not_allowed");
        Assert.Contains("POST", wrong.Headers["Allow"], StringComparison.Ordinal);
        Assert.Equal(308, (await gateway.Send(HttpMethod.Patch, "/tasks/x", "{}")).Status);
    }

    [Fact]
    public async Task An_unexpected_failure_keeps_its_secrets()
    {
        gateway.Tasks.Trouble = new InvalidOperationException("connection string with a password");
        try
        {
            var answer = await gateway.Get("/api/v1/tasks");
            answer.Problem(500, "internal");
            Assert.DoesNotContain("password", answer.Body, StringComparison.Ordinal);
            Assert.Equal("nosniff", answer.Headers["X-Content-Type-Options"]);
        }
        finally
        {
            gateway.Tasks.Trouble = null;
        }
    }

    [Theory]
    [InlineData("SQLite Error 13: 'database or disk is full'.", 507, "internal", "free some space")]
    [InlineData("SQLite Error 11: 'database disk image is malformed'.", 500, "internal", "ampx admin restore")]
    [InlineData("SQLite Error 26: 'file is not a database'.", 500, "internal", "ampx admin restore")]
    public async Task What_is_wrong_with_the_machine_is_told(string words, int status, string code, string help)
    {
        gateway.Tasks.Trouble = new InvalidOperationException("a grain call failed", new IOException(words));
        try
        {
            Assert.Contains(help, (await gateway.Get("/api/v1/tasks")).Problem(status, code).GetProperty("detail").GetString()!, StringComparison.Ordinal);
        }
        finally
        {
            gateway.Tasks.Trouble = null;
        }
    }

    /// <summary>Random bodies, query strings, paths and headers: never a 500, and every refusal is whole problem details.</summary>
    [Fact]
    public async Task Whatever_is_sent_the_answer_is_a_good_one()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Hears(new AbortRequested());
        string[] names = ["repo", "prompt", "base", "agent", "max_attempts", "max_tokens", "max_time", "ci", "draft", "action", "method", "auto", "force", "delete_branch", "issue", "", "é"];
        string[] values = ["null", "true", "0", "1", "-1", "3.5", "1e400", "99999999999999999999", "\"\"", "\" \"", "\"continue\"", "\"abort\"", "\"merge\"", "\"squash\"", "\"01:00:00\"", "\"99999999.00:00:00\"", "\"a/b\"", "\"\\u0000\"", "\"\\ud800\"", "[]", "{}", "{\"a\":[1]}", "\"ü\\n😀\""];
        string[] broken = ["", "{", "]", "\0", "\"", "{\"repo\":}", "nul", "{}{}", new string('[', 200), "\uFEFF{}", "{\"repo\":\"a/b\",}"];
        var body = Gen.Frequency(
            (6, Gen.Elements(names).SelectMany(_ => Gen.Elements(values), (name, value) => $"\"{name}\":{value}").ListOf().Select(fields => $"{{{string.Join(",", fields)}}}")),
            (1, Gen.Elements(broken)),
            (1, ArbMap.Default.GeneratorFor<string>().Select(text => text ?? "")));
        // (A %00 in a path never gets here: Kestrel itself refuses it, with an empty 400.)
        var odd = Gen.Elements("", "%", "%ff", "..", "7", "01", "' or 1=1", "*", "_", "🙂", new string('9', 40), "-5", "queued", "10m", "2026-05-04T12:00:00Z", "0001-01-01T00:00:00Z", "999999999d");
        var path = Gen.Elements("tasks", "tasks/{0}", $"tasks/{task.State!.Id}", "tasks/{0}/logs", $"tasks/{task.State.Id}/logs", "tasks/{0}/timeline", "tasks/{0}/diff", "session", "signin", "signin-links", "{0}")
            .SelectMany(_ => odd, (route, part) => string.Format(null, route, part));
        var query = Gen.Elements("limit", "after", "status", "cursor", "owner", "since", "tail", "source", "attempt", "code", "to").SelectMany(_ => odd, (name, value) => $"{name}={value}").ListOf().Select(parts => string.Join("&", parts));
        var method = Gen.Elements("GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "FOO");
        var header = Gen.Elements("If-Match", "If-None-Match", "Last-Event-ID", "Accept", "Content-Encoding", "Sec-Fetch-Site").SelectMany(_ => odd.Where(value => value.All(char.IsAscii)), (name, value) => (name, value));
        var requests = from m in method from p in path from q in query from b in body from h in header select (m, p, q, b, h);

        foreach (var (m, p, q, b, h) in requests.Sample(1500, 10))
        {
            using var request = new HttpRequestMessage(new(m), new Uri($"/api/v1/{p}?{q}", UriKind.Relative));
            if (m is not ("GET" or "HEAD")) request.Content = new StringContent(b, Encoding.UTF8, "application/json");
            request.Headers.TryAddWithoutValidation(h.name, h.value);
            using var response = await gateway.Client.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            var what = $"{m} {p}?{q} {h} {b}: {(int)response.StatusCode} {text}";
            Assert.True((int)response.StatusCode < 500, what);
            Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
            if ((int)response.StatusCode < 400 || m == "HEAD") continue;
            Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", what);
            Assert.Equal((int)response.StatusCode, JsonSerializer.Deserialize<JsonElement>(text).GetProperty("status").GetInt32());
        }
    }
}
