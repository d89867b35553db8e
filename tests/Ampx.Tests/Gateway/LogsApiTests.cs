using System.Text.Json;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class LogsApiTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    private readonly FakeTask task = gateway.Tasks.Has(Ulid.NewUlid().ToString());

    private string Id => task.State!.Id;

    [Fact]
    public async Task Pages_follow_each_other_by_next_after()
    {
        for (var n = 1; n <= 5; n++) gateway.Logs.Prints(Id, $"line {n}");
        var first = (await gateway.Get($"/api/v1/tasks/{Id}/logs?limit=3")).Json;
        Assert.Equal((3, 3), (first.GetProperty("entries").GetArrayLength(), first.GetProperty("next_after").GetInt32()));
        var second = (await gateway.Get($"/api/v1/tasks/{Id}/logs?limit=3&after=3")).Json;
        Assert.Equal(["line 4", "line 5"], second.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("text").GetString()));
        Assert.Equal(7, (await gateway.Get($"/api/v1/tasks/{Id}/logs?after=7")).Json.GetProperty("next_after").GetInt32());
    }

    [Fact]
    public async Task All_choices_reach_the_reader()
    {
        Assert.Equal(200, (await gateway.Get($"/api/v1/tasks/{Id}/logs?after=2&limit=10&source=agent,ci&attempt=2&tail=4&since=1h30m")).Status);
        var asked = gateway.Logs.Asked!;
        Assert.Equal((2, 10, 2, 4, gateway.Time.GetUtcNow().AddMinutes(-90)), (asked.After, asked.Limit, asked.Attempt, asked.Tail, asked.Since));
        Assert.Equal(["agent", "ci"], asked.Sources);
        await gateway.Get($"/api/v1/tasks/{Id}/logs?since=2026-05-04T10:00:00%2B02:00");
        Assert.Equal((DateTimeOffset.Parse("2026-05-04T08:00:00Z", null), 1000), (gateway.Logs.Asked!.Since!.Value, gateway.Logs.Asked.Limit));
        await gateway.Get($"/api/v1/tasks/{Id}/logs?tail=5000");
        Assert.Equal(5000, gateway.Logs.Asked.Limit);
    }

    [Theory]
    [InlineData("after=-1&limit=0&source=agent,nobody&attempt=0&tail=x&since=yesterday", "after", "attempt", "limit", "since", "source", "tail")]
    [InlineData("limit=10001&since=10", "limit", "since")]
    [InlineData("after=99999999999999999999&since=2026-13-01T00:00:00Z", "after", "since")]
    public async Task A_wrong_choice_is_named(string query, params string[] fields)
    {
        (await gateway.Get($"/api/v1/tasks/{Id}/logs?{query}")).BadFields(fields);
        // A stream has no pages and no end to count from.
        (await gateway.Get($"/api/v1/tasks/{Id}/logs/stream?{query}")).BadFields([.. fields.Except(["limit", "tail"])]);
    }

    [Fact]
    public async Task A_stream_has_every_line_once_and_ends_with_the_task()
    {
        gateway.Logs.Prints(Id, "one\r\ntwo ü\u2028");
        await using var follower = await Follower.Of(gateway, Id);
        Assert.Equal((1, "one\r\ntwo ü\u2028"), await follower.Line());
        gateway.Logs.Prints(Id, "three");
        Assert.Equal((2, "three"), await follower.Line());
        task.Hears(new AbortRequested());
        gateway.Logs.Prints(Id, "last words");
        Assert.Equal((3, "last words"), await follower.Line());
        var end = await follower.Next();
        Assert.Equal(("end", """{"status":"aborted"}"""), (end.Name, end.Data));
        Assert.Null(await follower.NextOrEnd());
    }

    [Fact]
    public async Task Coming_back_with_the_last_id_doubles_and_misses_nothing()
    {
        var random = new Random(1);
        var seen = new List<long>();
        const int lines = 5000;
        var printing = Task.Run(async () =>
        {
            for (var n = 1; n <= lines; n++)
            {
                gateway.Logs.Prints(Id, $"line {n}");
                if (n % 50 == 0) await Task.Yield();
            }

            task.Hears(new AbortRequested());
        });
        for (var ended = false; !ended;)
        {
            await using var follower = await Follower.Of(gateway, Id, lastId: seen.LastOrDefault());
            for (var stay = random.Next(1, 900); stay > 0; stay--)
            {
                var next = await follower.Next();
                ended = next.Name == "end";
                if (ended) break;
                seen.Add(next.Id!.Value);
            }
        }

        await printing;
        Assert.Equal(Enumerable.Range(1, lines).Select(n => (long)n), seen);
    }

    [Fact]
    public async Task A_follower_of_one_source_gets_only_that_and_the_end_too()
    {
        for (var n = 0; n < 2500; n++) gateway.Logs.Prints(Id, $"{n}", n % 1000 == 999 ? "ci" : "agent");
        task.Hears(new AbortRequested());
        await using var follower = await Follower.Of(gateway, Id, "?source=ci&after=1000");
        Assert.Equal((2000, "1999"), await follower.Line());
        Assert.Equal("end", (await follower.Next()).Name);
    }

    [Fact]
    public async Task A_quiet_stream_shows_a_sign_of_life_every_15_seconds()
    {
        await using var follower = await Follower.Of(gateway, Id);
        var comment = follower.Comment();
        var waited = TimeSpan.Zero;
        for (; !comment.IsCompleted; waited += TimeSpan.FromMilliseconds(250))
        {
            gateway.Time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.WhenAny(comment, Task.Delay(5));
        }

        Assert.StartsWith(":", await comment, StringComparison.Ordinal);
        Assert.True(waited >= TimeSpan.FromSeconds(14.5), $"after {waited}");
    }

    /// <summary>A client that reads server-sent events line by line.</summary>
    private sealed class Follower(GatewayHost gateway, HttpResponseMessage response, StreamReader lines) : IAsyncDisposable
    {
        public static async Task<Follower> Of(GatewayHost gateway, string id, string query = "", long lastId = 0)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/tasks/{id}/logs/stream{query}");
            if (lastId > 0) request.Headers.Add("Last-Event-ID", $"{lastId}");
            var response = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
            return new(gateway, response, new(await response.Content.ReadAsStreamAsync()));
        }

        public async Task<(long Seq, string Text)> Line()
        {
            var next = await Next();
            Assert.Equal("log", next.Name);
            var entry = JsonSerializer.Deserialize<LogEntry>(next.Data, Core.AmpxJson.Options)!;
            Assert.Equal(next.Id, entry.Seq);
            return (entry.Seq, entry.Text);
        }

        public async Task<(long? Id, string Name, string Data)> Next() => await NextOrEnd() ?? throw new EndOfStreamException();

        public async Task<(long? Id, string Name, string Data)?> NextOrEnd()
        {
            (long? Id, string Name, string Data) found = default;
            while (await Line(gateway.Time) is { } line)
            {
                if (line.StartsWith("id: ", StringComparison.Ordinal)) found.Id = long.Parse(line[4..], null);
                else if (line.StartsWith("event: ", StringComparison.Ordinal)) found.Name = line[7..];
                else if (line.StartsWith("data: ", StringComparison.Ordinal)) found.Data = line[6..];
                else if (line.Length == 0 && found.Name is not null) return found;
            }

            return null;
        }

        public async Task<string> Comment()
        {
            while (await lines.ReadLineAsync() is { } line)
            {
                if (line.StartsWith(':')) return line;
            }

            throw new EndOfStreamException();
        }

        /// <summary>The next line, however long that takes on the service's clock.</summary>
        private async Task<string?> Line(FakeTimeProvider time)
        {
            var line = lines.ReadLineAsync();
            for (var steps = 0; !line.IsCompleted; steps++)
            {
                Assert.True(steps < 5000, "nothing came");
                await Task.WhenAny(line, Task.Delay(5));
                time.Advance(TimeSpan.FromMilliseconds(50));
            }

            return await line;
        }

        public ValueTask DisposeAsync()
        {
            lines.Dispose();
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
