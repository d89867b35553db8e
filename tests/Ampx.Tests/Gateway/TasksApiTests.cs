using System.Text.Json;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class TasksApiTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    private static string NewId() => Ulid.NewUlid().ToString();

    [Fact]
    public async Task A_started_task_is_answered_with_where_to_find_it()
    {
        var made = await gateway.Post("/api/v1/tasks", """{"repo":"acme/shop","prompt":"Mend the tests","max_attempts":5,"max_time":"01:00:00","draft":true}""");
        Assert.Equal(201, made.Status);
        Assert.Equal($"/api/v1/tasks/{made.Json.GetProperty("id").GetString()}", made.Headers["Location"]);
        Assert.Equal(("queued", 5, Environment.UserName), (made.Json.GetProperty("status").GetString(), made.Json.GetProperty("max_attempts").GetInt32(), made.Json.GetProperty("owner").GetString()));
        Assert.Equal(JsonValueKind.Null, made.Json.GetProperty("pull_request").ValueKind);
        Assert.Equal(made.Body, (await gateway.Get(made.Headers["Location"])).Body);
    }

    [Theory]
    [InlineData("{}", "prompt", "repo")]
    [InlineData("""{"repo":"","prompt":"x"}""", "repo")]
    [InlineData("""{"repo":null,"prompt":"x"}""", "repo")]
    [InlineData("""{"repo":"a/b","prompt":" \n\t "}""", "prompt")]
    [InlineData("""{"repo":"a/b","prompt":"a\u0000b"}""", "prompt")]
    [InlineData("""{"repo":"a/b","prompt":"x","max_attempts":0}""", "max_attempts")]
    [InlineData("""{"repo":"a/b","prompt":"x","max_attempts":21}""", "max_attempts")]
    [InlineData("""{"repo":"a/b","prompt":"x","max_attempts":"3","draft":1,"prompt2":"","Repo":"b"}""", "Repo", "draft", "max_attempts", "prompt2")]
    [InlineData("""{"repo":"a/b","prompt":"x","max_attempts":99999999999}""", "max_attempts")]
    [InlineData("""{"repo":"a/b","prompt":"x","max_tokens":0,"max_time":"-00:00:01"}""", "max_time", "max_tokens")]
    [InlineData("""{"repo":"a/b","prompt":"x","max_time":"soon"}""", "max_time")]
    [InlineData("""{"repo":"a/b","prompt":"x","base":"--upload-pack=x","agent":"","ci":" "}""", "agent", "base", "ci")]
    [InlineData("""{"repo":"a/b","issue":0}""", "issue")]
    [InlineData("""{"repo":"a/b","issue":"12"}""", "issue")]
    [InlineData("""{"repo":"a/b","prompt":"x","draft":true,"auto_merge":true}""", "auto_merge")]
    [InlineData("""{"repo":["a/b"],"prompt":{"a":1}}""", "prompt", "repo")]
    public async Task A_mistake_in_a_new_task_is_named_by_its_field(string json, params string[] fields) =>
        (await gateway.Post("/api/v1/tasks", json)).BadFields(fields);

    [Fact]
    public async Task An_issue_may_stand_for_the_prompt()
    {
        var made = await gateway.Post("/api/v1/tasks", """{"repo":"acme/shop","issue":12,"auto_merge":true}""");
        Assert.Equal(201, made.Status);
        var task = gateway.Tasks[made.Json.GetProperty("id").GetString()!].State!;
        Assert.Equal((12, true, "Resolve issue #12."), (task.Issue, task.AutoMergeWanted, task.Prompt));
    }

    [Fact]
    public async Task A_prompt_may_have_32_KiB_of_UTF8_and_not_a_byte_more()
    {
        var most = new string('ü', 16 * 1024);
        Assert.Equal(201, (await gateway.Post("/api/v1/tasks", $$"""{"repo":"a/b","prompt":"{{most}}"}""")).Status);
        (await gateway.Post("/api/v1/tasks", $$"""{"repo":"a/b","prompt":"{{most}}!"}""")).BadFields("prompt");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"x\"")]
    [InlineData("""{"repo":"a/b","repo":"c/d","prompt":"x"}""")]
    [InlineData("""{"repo":"\ud800","prompt":"x"}""")]
    [InlineData("""{"repo":"a/b","\udc00":"x"}""")]
    public async Task A_body_that_is_no_JSON_object_is_a_bad_request(string body) => (await gateway.Post("/api/v1/tasks", body)).Problem(400, "bad_request");

    [Fact]
    public async Task Other_media_types_and_large_bodies_have_their_own_answers()
    {
        using var form = new FormUrlEncodedContent([new("repo", "a/b")]);
        using var answer = await gateway.Client.PostAsync(new Uri("/api/v1/tasks", UriKind.Relative), form);
        Assert.Equal(415, (int)answer.StatusCode);
        Assert.Contains("unsupported_media_type", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var latin = new StringContent("{}", System.Text.Encoding.Latin1, "application/json");
        using var odd = await gateway.Client.PostAsync(new Uri("/api/v1/tasks", UriKind.Relative), latin);
        Assert.Equal(415, (int)odd.StatusCode);
        (await gateway.Post("/api/v1/tasks", $$"""{"repo":"a/b","prompt":"{{new string('x', 257 * 1024)}}"}""")).Problem(413, "too_large");
    }

    [Theory]
    [InlineData("agent_not_found", 422)]
    [InlineData("invalid_repo", 422)]
    [InlineData("bad_request", 400)]
    public async Task What_the_service_cannot_do_is_refused_at_once(string code, int status)
    {
        gateway.Facts.Refuses = new(code, "because");
        try
        {
            var problem = (await gateway.Post("/api/v1/tasks", """{"repo":"a/b","prompt":"x"}""")).Problem(status, code);
            Assert.Equal("because", problem.GetProperty("detail").GetString());
        }
        finally
        {
            gateway.Facts.Refuses = null;
        }
    }

    [Fact]
    public async Task Listing_pages_through_what_matches_newest_first()
    {
        var repo = $"acme/{NewId()}";
        var ids = Enumerable.Range(0, 5).Select(n => $"01ARZ3NDEKTSV4RRFFQ69L{n:0000}").ToList();
        foreach (var id in ids) gateway.Tasks.Has(id, "ann", repo);
        gateway.Tasks[ids[3]].Hears(new AbortRequested());

        var first = (await gateway.Get($"/api/v1/tasks?owner=ann&repo={repo}&limit=3")).Json;
        gateway.Tasks.Has("01ARZ3NDEKTSV4RRFFQ69L9999", "ann", repo);
        var second = (await gateway.Get($"/api/v1/tasks?owner=ann&repo={repo}&limit=3&cursor={first.GetProperty("next_cursor").GetString()}")).Json;
        Assert.Equal(Enumerable.Reverse(ids), [.. IdsIn(first), .. IdsIn(second)]);
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next_cursor").ValueKind);

        Assert.Equal([ids[3]], IdsIn((await gateway.Get($"/api/v1/tasks?owner=all&repo={repo}&status=aborted,error")).Json));
        Assert.Empty(IdsIn((await gateway.Get($"/api/v1/tasks?repo={repo}")).Json)); // mine
        (await gateway.Get("/api/v1/tasks?limit=0&status=done,queued&cursor=x")).BadFields("cursor", "limit", "status");
        (await gateway.Get("/api/v1/tasks?limit=201")).BadFields("limit");

        static IEnumerable<string> IdsIn(JsonElement list) => list.GetProperty("tasks").EnumerateArray().Select(task => task.GetProperty("id").GetString()!);
    }

    [Fact]
    public async Task A_task_is_found_by_any_unique_part_of_its_id_in_any_case()
    {
        gateway.Tasks.Has("01BBBBBBBBBBBBBBBBBBBB7WXY");
        gateway.Tasks.Has("01CCCCCCCCCCCCCCCCCCCC7WXY");
        foreach (var part in new[] { "01BBBBBBBBBBBBBBBBBBBB7WXY", "01bbbbbbbbbbbbbbbbbbbb7wxy", "b7wxy", "01B" })
            Assert.Equal("01BBBBBBBBBBBBBBBBBBBB7WXY", (await gateway.Get($"/api/v1/tasks/{part}")).Json.GetProperty("id").GetString());
        var several = (await gateway.Get("/api/v1/tasks/7wxy")).Problem(409, "ambiguous_id");
        Assert.Equal(2, several.GetProperty("candidates").GetArrayLength());
        foreach (var part in new[] { "7xyz", "wxy", "%25%25%25%25", "..%2f..", new string('A', 300), "__%20" })
            (await gateway.Get($"/api/v1/tasks/{part}")).Problem(404, "not_found");
    }

    [Fact]
    public async Task An_ETag_saves_reading_what_has_not_changed()
    {
        var task = gateway.Tasks.Has(NewId());
        var path = $"/api/v1/tasks/{task.State!.Id}";
        Assert.Equal("\"1\"", (await gateway.Get(path)).Headers["ETag"]);
        var same = await gateway.Get(path, ("If-None-Match", "W/\"9\", \"1\""));
        Assert.Equal((304, "", "\"1\""), (same.Status, same.Body, same.Headers["ETag"]));
        task.Hears(new AbortRequested());
        Assert.Equal(200, (await gateway.Get(path, ("If-None-Match", "\"1\""))).Status);
    }

    [Fact]
    public async Task Timeline_attempts_and_diff_tell_what_was_done()
    {
        var task = gateway.Tasks.Has(NewId()).Succeeds();
        gateway.Facts.Changes = "--- a/ü\n+++ b/ü\n";
        var path = $"/api/v1/tasks/{task.State!.Id}";
        var entries = (await gateway.Get($"{path}/timeline")).Json.GetProperty("entries").EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(1, task.State.Version), entries.Select(entry => entry.GetProperty("seq").GetInt32()));
        Assert.Equal(("created", "waiting_for_worker"), (entries[0].GetProperty("cause").GetString(), entries[0].GetProperty("phase").GetString()));
        var attempt = (await gateway.Get($"{path}/attempts")).Json.GetProperty("attempts")[0];
        Assert.Equal((1, "green"), (attempt.GetProperty("number").GetInt32(), attempt.GetProperty("ci").GetProperty("verdict").GetString()));
        var diff = await gateway.Get($"{path}/diff");
        Assert.Equal((200, "text/x-diff", "--- a/ü\n+++ b/ü\n"), (diff.Status, diff.Type, diff.Body));
        foreach (var part in new[] { "", "/timeline", "/attempts", "/diff", "/logs", "/logs/stream" })
            (await gateway.Get($"/api/v1/tasks/01ZZZZZZZZZZZZZZZZZZZZZZZZ{part}")).Problem(404, "not_found");
    }
}
