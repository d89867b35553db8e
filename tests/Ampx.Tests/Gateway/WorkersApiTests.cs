using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Gateway;
using Ampx.Gateway.Auth;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class WorkersApiTests : IAsyncLifetime
{
    private readonly GatewayHost gateway = new();

    private FakeQueue Queue => gateway.Tasks.Queue;

    public ValueTask InitializeAsync() => gateway.InitializeAsync();

    public ValueTask DisposeAsync() => gateway.DisposeAsync();

    [Fact]
    public async Task Waiting_tasks_have_their_place_and_the_queue_is_asked_once_for_a_page()
    {
        var (first, second, done) = (Waits(), Waits(), Waits());
        gateway.Tasks[done].Hears(new AbortRequested());
        Queue.Places[first] = 2;
        Queue.Places[second] = 1;
        var tasks = (await gateway.Get("/api/v1/tasks?owner=all")).Json.GetProperty("tasks").EnumerateArray().ToDictionary(task => task.GetProperty("id").GetString()!, task => task.GetProperty("queue_position").ToString());
        Assert.Equal(("2", "1", ""), (tasks[first], tasks[second], tasks[done]));
        Assert.Single(Queue.Asked);
        Assert.Equal(2, (await gateway.Get($"/api/v1/tasks/{first}")).Json.GetProperty("queue_position").GetInt32());
    }

    [Fact]
    public async Task A_page_on_which_nothing_waits_doesnt_ask()
    {
        gateway.Tasks[Waits()].Hears(new AbortRequested());
        Assert.Equal(200, (await gateway.Get("/api/v1/tasks?owner=all")).Status);
        Assert.Empty(Queue.Asked);
    }

    [Fact]
    public async Task A_local_repositorys_task_has_a_place_while_its_ci_waits()
    {
        var id = Waits();
        gateway.Tasks[id].Hears(
            new Claimed(new("run-1", "worker-1", RunKind.Agent)), new Prepared("main", "b0", "b0", null, null), new AgentCommitted("c1", "done", null), new Pushed("c1"));
        Queue.Places[id] = 4;
        Assert.Equal(4, (await gateway.Get($"/api/v1/tasks/{id}")).Json.GetProperty("queue_position").GetInt32());
    }

    [Fact]
    public async Task A_silent_queue_costs_the_places_and_not_the_list()
    {
        var id = Waits();
        Queue.Places[id] = 1;
        Queue.Silent = true;
        var answer = gateway.Get("/api/v1/tasks?owner=all");
        await Queue.Question.Task;
        // Over and over: the question is asked before its patience begins.
        while (!answer.IsCompleted)
        {
            gateway.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(answer, Task.Delay(20));
        }

        Assert.Equal("null", (await answer).Json.GetProperty("tasks")[0].GetProperty("queue_position").GetRawText());
        Queue.Trouble = new InvalidOperationException("no silo has the queue");
        Assert.Equal("null", (await gateway.Get($"/api/v1/tasks/{id}")).Json.GetProperty("queue_position").GetRawText());
    }

    [Fact]
    public async Task Stats_count_tasks_by_status_what_waits_and_who_works()
    {
        gateway.Tasks[Waits()].Hears(new AbortRequested());
        Waits();
        Queue.Now = new(new(3, 2, 1), [Worker("worker-a", 1, draining: true)]);
        var stats = await gateway.Get("/api/v1/stats?since=1h&bucket=1h");
        Assert.StartsWith(
            """{"tasks":{"queued":1,"running":0,"retrying":0,"needs_review":0,"success":0,"aborted":1,"error":0},"queue":{"length":3,"agent":2,"ci":1},"workers":[{"name":"worker-a","slots":2,"busy":1,"draining":true,"last_seen":"2026-05-04T12:00:00+00:00"}],"series":[{"from":""",
            stats.Body, StringComparison.Ordinal);
        Assert.Equal("""{"needs_review":0,"success":0,"aborted":1,"error":0}""", Assert.Single(stats.Json.GetProperty("series").EnumerateArray()).GetProperty("tasks").GetRawText());
    }

    [Fact]
    public async Task The_series_is_also_a_table_for_a_spreadsheet()
    {
        gateway.Tasks[Waits()].Hears(new AbortRequested());
        var table = await gateway.Get("/api/v1/stats.csv?since=2h&bucket=1h");
        Assert.Equal("text/csv", table.Type);
        Assert.Equal("""
            from,success,needs_review,error,aborted,time_to_green_median,time_to_green_p90,queue_wait_median,queue_wait_p90,attempts_median,attempts_p90,input_tokens,output_tokens
            2026-05-04T10:00:00Z,0,0,0,0,,,,,,,0,0
            2026-05-04T11:00:00Z,0,0,0,1,,,0,0,,,0,0

            """.ReplaceLineEndings("\r\n"), table.Body);
        (await gateway.Get("/api/v1/stats.csv?bucket=1s")).BadFields("bucket");
    }

    [Fact]
    public async Task A_drain_says_what_still_runs_as_often_as_it_is_asked()
    {
        Queue.Now = new(new(0, 0, 0), [Worker("worker-a", 2), Worker("worker-b", 0)]);
        for (var time = 0; time < 2; time++)
        {
            var answer = await gateway.Send(HttpMethod.Post, "/api/v1/silos/worker-a/drain", null);
            Assert.Equal((200, """{"name":"worker-a","draining":true,"running":2}"""), (answer.Status, answer.Body));
        }

        var unknown = (await gateway.Send(HttpMethod.Post, "/api/v1/silos/worker-x/drain", null)).Problem(404, "not_found");
        Assert.Contains("worker-a, worker-b", unknown.GetProperty("detail").GetString(), StringComparison.Ordinal);
        (await GatewayHost.Send(gateway.Stranger, HttpMethod.Post, "/api/v1/silos/worker-b/drain", null)).Problem(401, "unauthorized");
        Assert.False(Queue.Now.Workers[1].Draining);
    }

    [Theory]
    [InlineData("viewer", false)]
    [InlineData("member", false)]
    [InlineData("lead", false)]
    [InlineData("admin", true)]
    public void Only_admins_pass_where_admins_must(string role, bool passes)
    {
        var http = new DefaultHttpContext { User = Callers.Principal(new(new Caller("ada", Callers.RoleOf(role))), Callers.Bearer, "test") };
        Assert.Equal(passes ? null : (403, "forbidden"), (Record.Exception(http.MustBeAdmin) as RefusedException) is { } no ? ((int, string)?)(no.Status, no.Code) : null);
    }

    private string Waits() => gateway.Tasks.Has(Ulid.NewUlid().ToString()).State!.Id;

    private WorkerView Worker(string name, int busy, bool draining = false) => new(name, 2, busy, draining, gateway.Time.GetUtcNow());
}
