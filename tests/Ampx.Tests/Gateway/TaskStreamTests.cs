using System.Net.ServerSentEvents;
using System.Text.Json;
using Ampx.Core.Tasks;
using Ampx.Gateway.Streams;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class TaskStreamTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    [Fact]
    public async Task Matching_tasks_come_first_then_ready_then_each_change()
    {
        var repo = $"acme/{Ulid.NewUlid()}";
        var (old, other) = (Has(repo), Has($"{repo}-other"));
        await using var stream = await Open($"?owner=all&repo={repo}");
        Assert.Equal(("task", Id(old), 1), await stream.Next());
        Assert.Equal("ready", (await stream.Next()).Event);
        other.Hears(new AbortRequested());
        old.Hears(new AbortRequested());
        Assert.Equal(("task", Id(old), 2), await stream.Next());
        var fresh = Has(repo);
        Assert.Equal(("task", Id(fresh), 1), await stream.Next());
    }

    [Fact]
    public async Task A_task_that_no_longer_matches_is_told_once_more()
    {
        var repo = $"acme/{Ulid.NewUlid()}";
        var task = Has(repo);
        await using var stream = await Open($"?owner=all&repo={repo}&status=queued");
        Assert.Equal(("task", Id(task), 1), await stream.Next());
        await stream.Next();
        task.Hears(new AbortRequested());
        Assert.Equal(("task", Id(task), 2), await stream.Next());
        task.Hears(new ContinueRequested("again", null, null, null));
        Assert.Equal(("task", Id(task), 3), await stream.Next());
    }

    [Fact]
    public async Task Only_the_tasks_of_given_ids_are_told()
    {
        var (one, other) = (Has("acme/ids"), Has("acme/ids"));
        await using var stream = await Open($"?owner=all&id={Id(one)}");
        Assert.Equal(("task", Id(one), 1), await stream.Next());
        await stream.Next();
        other.Hears(new AbortRequested());
        one.Hears(new AbortRequested());
        Assert.Equal(("task", Id(one), 2), await stream.Next());
        (await gateway.Get("/api/v1/tasks/stream?id=ZZZZZZ")).Problem(404, "not_found");
        foreach (var none in (string[])["id=", "id=,,"]) (await gateway.Get($"/api/v1/tasks/stream?{none}")).BadFields("id");
        (await gateway.Get("/api/v1/tasks/stream?status=nothing&limit=0")).BadFields("limit", "status");
    }

    [Fact]
    public async Task How_far_a_task_is_is_told_to_who_follows_it_by_id_and_not_to_who_reads_a_list()
    {
        var repo = $"acme/{Ulid.NewUlid()}";
        var task = Has(repo).Hears(new Claimed(new("run-1", "worker-1", RunKind.Agent)));
        await using var list = await Open($"?owner=all&repo={repo}");
        await using var stream = await Open($"?owner=all&id={Id(task)}");
        Assert.Equal(("task", Id(task), 2), await stream.Next());
        Assert.Equal("ready", (await stream.Next()).Event);
        task.HowFar = new("objects", 3, 9);
        Assert.Equal(("task", Id(task), 2), await stream.Next());
        Assert.Equal("""{"unit":"objects","done":3,"total":9}""", stream.Data.GetProperty("progress").GetRawText());
        task.Hears(new Prepared("main", "b0", "b0", null, null));
        Assert.Equal(("task", Id(task), 3), await stream.Next());
        Assert.False(stream.Data.TryGetProperty("progress", out _));
        Assert.Equal([2, null, 3], new[] { (await list.Next()).Version, (await list.Next()).Version, (await list.Next()).Version });
    }

    private FakeTask Has(string repo) => gateway.Tasks.Has(Ulid.NewUlid().ToString(), repo: repo);

    private static string Id(FakeTask task) => task.State!.Id;

    private async Task<Told> Open(string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/tasks/stream{query}");
        var sending = gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await Advance(sending);
        var answer = await sending;
        Assert.Equal((200, "text/event-stream"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        return new(this, answer, SseParser.Create(await answer.Content.ReadAsStreamAsync()).EnumerateAsync().GetAsyncEnumerator());
    }

    /// <summary>Lets the service's time pass until <paramref name="wanted"/> is there.</summary>
    private async Task Advance(Task wanted)
    {
        for (var steps = 0; !wanted.IsCompleted; steps++)
        {
            Assert.True(steps < 5000, "nothing came");
            await Task.WhenAny(wanted, Task.Delay(5));
            gateway.Time.Advance(TimeSpan.FromMilliseconds(20));
        }
    }

    private sealed class Told(TaskStreamTests test, HttpResponseMessage answer, IAsyncEnumerator<SseItem<string>> events) : IAsyncDisposable
    {
        /// <summary>What came last.</summary>
        public JsonElement Data { get; private set; }

        public async Task<(string Event, string? Id, int? Version)> Next()
        {
            var next = events.MoveNextAsync().AsTask();
            await test.Advance(next);
            Assert.True(await next, "the stream ended");
            var data = Data = JsonSerializer.Deserialize<JsonElement>(events.Current.Data);
            return events.Current.EventType == "task" ? ("task", data.GetProperty("id").GetString(), data.GetProperty("version").GetInt32()) : (events.Current.EventType, null, null);
        }

        public async ValueTask DisposeAsync()
        {
            answer.Dispose();
            try
            {
                await events.DisposeAsync();
            }
            catch (IOException)
            {
                // Hung up in the middle: what this is for.
            }
        }
    }
}
