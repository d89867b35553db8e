using System.Text.Json;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>Each row of the REST contract over HTTP: what it answers, field by field, and how it refuses.</summary>
public sealed class RestContractTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    private const string TaskFields =
        "id owner repo base branch agent thread_id prompt pending_instructions status phase attempts max_attempts head_sha ci_run_id ci_url pull_request compare_url summary error usage next_wake_at version created_at updated_at finished_at queue_position";

    private static readonly string Unknown = new('Z', 26);

    [Fact]
    public async Task POST_tasks()
    {
        var made = await gateway.Post("/api/v1/tasks", """
            {"repo":"acme/shop","prompt":"Mend it","base":"main","agent":"amp","max_attempts":2,"max_tokens":1000,"max_time":"01:00:00","ci":"make","draft":true,"auto_merge":false,"issue":7}
            """, ("Idempotency-Key", Guid.NewGuid().ToString()));
        Assert.Equal((201, "application/json"), (made.Status, made.Type));
        HasFields(TaskFields, made.Json);
        Assert.Equal($"/api/v1/tasks/{made.Json.GetProperty("id").GetString()}", made.Headers["Location"]);
        Assert.Equal("\"1\"", made.Headers["ETag"]);
        var state = gateway.Tasks[made.Json.GetProperty("id").GetString()!].State!;
        Assert.Equal(("main", 2, 1000L, TimeSpan.FromHours(1), "make", true, 7), (state.Base, state.MaxAttempts, state.MaxTokens, state.MaxTime, state.CiCommand, state.Draft, state.Issue));
        (await gateway.Post("/api/v1/tasks", "{}")).BadFields("prompt", "repo");
        (await gateway.Post("/api/v1/tasks", "")).Problem(400, "bad_request");
        (await gateway.Post("/api/v1/tasks", new string('x', 300_000))).Problem(413, "too_large");
    }

    [Fact]
    public async Task GET_tasks()
    {
        var repo = $"acme/{Guid.NewGuid():N}";
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString(), "ann", repo).State!;
        var list = await gateway.Get($"/api/v1/tasks?owner=ann&repo={repo}&status=queued&limit=1");
        HasFields("tasks next_cursor", list.Json);
        HasFields(TaskFields, Assert.Single(list.Json.GetProperty("tasks").EnumerateArray()));
        Assert.Equal(task.Id, list.Json.GetProperty("tasks")[0].GetProperty("id").GetString());
        (await gateway.Get("/api/v1/tasks?status=done&limit=500&cursor=x")).BadFields("cursor", "limit", "status");
    }

    [Fact]
    public async Task GET_a_task()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds().State!;
        var seen = await gateway.Get($"/api/v1/tasks/{task.Id.ToLowerInvariant()}");
        Assert.Equal((200, $"\"{task.Version}\""), (seen.Status, seen.Headers["ETag"]));
        HasFields(TaskFields, seen.Json);
        var same = await gateway.Get($"/api/v1/tasks/{task.Id}", ("If-None-Match", seen.Headers["ETag"]));
        Assert.Equal((304, ""), (same.Status, same.Body));
        (await gateway.Get($"/api/v1/tasks/{Unknown}")).Problem(404, "not_found");
        gateway.Tasks.Has("01AAAAAAAAAAAAAAAAAAAAQQQQ");
        gateway.Tasks.Has("01DDDDDDDDDDDDDDDDDDDDQQQQ");
        var several = (await gateway.Get("/api/v1/tasks/qqqq")).Problem(409, "ambiguous_id");
        Assert.Equal(["01AAAAAAAAAAAAAAAAAAAAQQQQ", "01DDDDDDDDDDDDDDDDDDDDQQQQ"], several.GetProperty("candidates").EnumerateArray().Select(id => id.GetString()).Order());
    }

    [Fact]
    public async Task PATCH_a_task()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds();
        var path = $"/api/v1/tasks/{task.State!.Id}";
        (await gateway.Patch(path, """{"action":"continue","prompt":"More"}""", ("If-Match", "\"1\""))).Problem(412, "precondition_failed");
        await Is204(gateway.Patch(path, """{"action":"continue","prompt":"More","max_attempts":4,"max_tokens":5,"max_time":"02:00:00"}""", ("If-Match", $"\"{task.State.Version}\"")));
        Assert.Contains("success", (await gateway.Patch(path, """{"action":"merge","method":"squash","delete_branch":true,"auto":false,"force":false}""")).Problem(409, "not_mergeable").GetProperty("detail").GetString(), StringComparison.Ordinal);
        await Is204(gateway.Patch(path, """{"action":"abort"}"""));
        Assert.Contains("only queued, running and retrying", (await gateway.Patch(path, """{"action":"abort"}""")).Problem(409, "conflict").GetProperty("detail").GetString(), StringComparison.Ordinal);
        (await gateway.Patch(path, """{"action":"explode","prompt":7}""")).Problem(400, "bad_request");
        (await gateway.Patch($"/api/v1/tasks/{Unknown}", """{"action":"abort"}""")).Problem(404, "not_found");
    }

    [Fact]
    public async Task DELETE_a_task()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString());
        var path = $"/api/v1/tasks/{task.State!.Id}";
        (await gateway.Send(HttpMethod.Delete, path, null)).Problem(409, "conflict");
        task.Hears(new AbortRequested());
        await Is204(gateway.Send(HttpMethod.Delete, path, null));
        (await gateway.Send(HttpMethod.Delete, path, null)).Problem(404, "not_found");
    }

    [Fact]
    public async Task GET_timeline_attempts_logs_and_diff()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds().State!;
        foreach (var n in new[] { 1, 2, 3 }) gateway.Logs.Prints(task.Id, $"line {n}");
        var path = $"/api/v1/tasks/{task.Id}";

        var timeline = (await gateway.Get($"{path}/timeline")).Json;
        HasFields("entries", timeline);
        Assert.Equal(task.Version, timeline.GetProperty("entries").GetArrayLength());
        HasFields("seq time status phase attempt cause by detail", timeline.GetProperty("entries")[0]);

        var attempts = (await gateway.Get($"{path}/attempts")).Json;
        HasFields("attempts", attempts);
        HasFields("number instruction started_at finished_at outcome head_sha usage feedback said ci", attempts.GetProperty("attempts")[0]);
        HasFields("verdict runs", attempts.GetProperty("attempts")[0].GetProperty("ci"));

        var logs = (await gateway.Get($"{path}/logs?after=1&limit=1")).Json;
        HasFields("entries next_after", logs);
        HasFields("seq time source attempt stream text", logs.GetProperty("entries")[0]);
        Assert.Equal(("line 2", 2), (logs.GetProperty("entries")[0].GetProperty("text").GetString(), logs.GetProperty("next_after").GetInt32()));
        Assert.Equal(9, (await gateway.Get($"{path}/logs?after=9")).Json.GetProperty("next_after").GetInt32()); // nothing there: after itself
        Assert.Equal("line 3", (await gateway.Get($"{path}/logs?tail=1")).Json.GetProperty("entries")[0].GetProperty("text").GetString());
        (await gateway.Get($"{path}/logs?after=x&limit=0&source=cat&attempt=0&tail=0&since=soon")).BadFields("after", "attempt", "limit", "since", "source", "tail");

        gateway.Facts.Changes = "diff --git a/x b/x\n";
        var diff = await gateway.Get($"{path}/diff");
        Assert.Equal((200, "text/x-diff", "diff --git a/x b/x\n"), (diff.Status, diff.Type, diff.Body));
        foreach (var part in new[] { "timeline", "attempts", "logs", "logs/stream", "diff" }) (await gateway.Get($"/api/v1/tasks/{Unknown}/{part}")).Problem(404, "not_found");
    }

    [Fact]
    public async Task GET_the_log_as_a_stream()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds().State!;
        foreach (var n in new[] { 1, 2, 3 }) gateway.Logs.Prints(task.Id, $"line {n}");
        var whole = await ToItsEnd(gateway.Get($"/api/v1/tasks/{task.Id}/logs/stream?after=1"));
        Assert.Equal((200, "text/event-stream"), (whole.Status, whole.Type));
        Assert.Equal(["id: 2", "event: log", "id: 3", "event: log", "event: end"], Lines(whole.Body, "id:", "event:"));
        Assert.EndsWith("event: end\ndata: {\"status\":\"success\"}\n\n", whole.Body, StringComparison.Ordinal);
        Assert.Equal(["id: 3", "event: log", "event: end"], Lines((await ToItsEnd(gateway.Get($"/api/v1/tasks/{task.Id}/logs/stream?after=1", ("Last-Event-ID", "2")))).Body, "id:", "event:"));
        (await gateway.Get($"/api/v1/tasks/{task.Id}/logs/stream?after=-1")).BadFields("after");
    }

    [Fact]
    public async Task GET_whoami_version_stats_and_doctor()
    {
        HasFields("name role", (await gateway.Get("/api/v1/whoami")).Json);
        HasFields("version", (await gateway.Get("/api/v1/version")).Json);
        var stats = (await gateway.Get("/api/v1/stats")).Json;
        Assert.Equal(["queued", "running", "retrying", "needs_review", "success", "aborted", "error"], stats.GetProperty("tasks").EnumerateObject().Select(status => status.Name));
        HasFields("length agent ci", stats.GetProperty("queue"));
        Assert.Equal(JsonValueKind.Array, stats.GetProperty("workers").ValueKind);
        Assert.Equal(7, stats.GetProperty("series").GetArrayLength());
        gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds();
        var last = (await gateway.Get("/api/v1/stats?since=3h&bucket=90m")).Json.GetProperty("series").EnumerateArray().Last();
        HasFields("from tasks time_to_green queue_wait attempts input_tokens output_tokens", last);
        HasFields("needs_review success aborted error", last.GetProperty("tasks"));
        HasFields("count median p90", last.GetProperty("time_to_green"));
        (await gateway.Get("/api/v1/stats?since=soon&bucket=1s")).BadFields("bucket", "since");
        (await gateway.Get("/api/v1/stats?since=700d&bucket=1m")).BadFields("bucket");
        (await gateway.Get("/api/v1/stats?since=2999-01-01T00:00:00Z")).BadFields("since");
        gateway.Tasks.Doctor.Finds = [DoctorCheck.Fine("git", "2.39")];
        HasFields("name ok needed detail fix", (await gateway.Get("/api/v1/doctor?repo=acme/shop")).Json.GetProperty("checks")[0]);
    }

    [Fact]
    public async Task GET_signin_POST_and_DELETE_session()
    {
        var link = await gateway.Post("/api/v1/signin-links", "");
        HasFields("code path", link.Json);
        foreach (var path in new[] { "/signin", "/api/v1/signin" }) (await gateway.Get($"{path}?code=wrong")).Problem(401, "unauthorized");
        var signedIn = await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, link.Json.GetProperty("path").GetString()!, null);
        Assert.Equal(302, signedIn.Status);
        Assert.Contains("httponly", signedIn.Headers["Set-Cookie"], StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", signedIn.Headers["Set-Cookie"], StringComparison.OrdinalIgnoreCase);
        var again = await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, link.Json.GetProperty("path").GetString()!, null);
        again.Problem(401, "unauthorized"); // once
        await Is204(GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/api/v1/session", $$"""{"token":"{{gateway.Token}}"}"""));
        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/api/v1/session", """{"token":"wrong"}""")).Problem(401, "unauthorized");
        await Is204(GatewayHost.Send(gateway.Stranger, HttpMethod.Delete, "/api/v1/session", null));
    }

    [Fact]
    public async Task What_needs_no_token_and_what_leads_elsewhere()
    {
        foreach (var path in new[] { "/health/live", "/health/ready" }) Assert.Equal(200, (await GatewayHost.Send(gateway.Stranger, HttpMethod.Get, path, null)).Status);
        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/webhooks/github", "{}")).Problem(401, "unauthorized");
        foreach (var (path, method) in new[] { ("/tasks?owner=all", HttpMethod.Get), ("/tasks", HttpMethod.Post), ("/tasks/01ab", HttpMethod.Get), ("/tasks/01ab", HttpMethod.Patch), ("/tasks/01ab", HttpMethod.Delete) })
        {
            var moved = await gateway.Send(method, path, method == HttpMethod.Get ? null : "{}");
            Assert.Equal((308, $"/api/v1{path}"), (moved.Status, moved.Headers["Location"]));
        }

        (await gateway.Get("/api/v1/nothing")).Problem(404, "not_found");
        var wrong = await gateway.Send(HttpMethod.Put, "/api/v1/tasks", "{}");
        wrong.Problem(405, "method_not_allowed");
        Assert.Equal("GET,POST", wrong.Headers["Allow"]);
    }

    /// <summary>A stream looks at its task now and then, by the gateway's clock.</summary>
    private async Task<Answer> ToItsEnd(Task<Answer> stream)
    {
        while (await Task.WhenAny(stream, Task.Delay(5)) != stream) gateway.Time.Advance(TimeSpan.FromMilliseconds(100));
        return await stream;
    }

    private static void HasFields(string fields, JsonElement json) => Assert.Equal(fields.Split(' ').Order(StringComparer.Ordinal), json.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal));

    private static IEnumerable<string> Lines(string text, params string[] starts) => text.Split('\n').Where(line => starts.Any(start => line.StartsWith(start, StringComparison.Ordinal)));

    private static async Task Is204(Task<Answer> call)
    {
        var answer = await call;
        Assert.True((answer.Status, answer.Body) == (204, ""), $"{answer.Status} {answer.Body}");
    }
}
