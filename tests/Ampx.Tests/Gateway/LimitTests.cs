using System.IO.Compression;
using System.Text;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>How large, how long, how small.</summary>
public sealed class LimitTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    [Fact]
    public async Task What_takes_too_long_is_given_up_with_words_and_the_caller_may_come_again()
    {
        await using var hasty = new GatewayHost { RequestTimeout = TimeSpan.FromMilliseconds(200) };
        await hasty.InitializeAsync();
        hasty.Facts.Hangs = true;
        var late = await hasty.Post("/api/v1/tasks", """{"repo":"a/b","prompt":"x"}""");
        Assert.Contains("after 0.2 s", late.Problem(503, "unavailable").GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.NotEmpty(late.Headers["Retry-After"]);

        // What may take its time isn't cut off: a diff, a stream.
        var task = hasty.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds();
        using var stream = await hasty.Client.GetStreamAsync(new Uri($"/api/v1/tasks/{hasty.Tasks.Has(Ulid.NewUlid().ToString()).State!.Id}/logs/stream", UriKind.Relative));
        var diff = hasty.Get($"/api/v1/tasks/{task.State!.Id}/diff");
        (await hasty.Post("/api/v1/tasks", """{"repo":"a/b","prompt":"x"}""")).Problem(503, "unavailable");
        (await hasty.Post("/api/v1/tasks", """{"repo":"a/b","prompt":"x"}""")).Problem(503, "unavailable");
        Assert.False(diff.IsCompleted);
        hasty.Facts.Release();
        Assert.Equal(200, (await diff).Status);
    }

    [Fact]
    public async Task A_body_over_256_KiB_is_refused_whether_it_tells_its_length_or_not()
    {
        var body = new string(' ', 256 * 1024) + "{}";
        (await gateway.Post("/api/v1/tasks", body)).Problem(413, "too_large");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/tasks") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TransferEncodingChunked = true;
        using var answer = await gateway.Client.SendAsync(request);
        Assert.Equal((413, "application/problem+json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        (await gateway.Post("/api/v1/tasks", new string(' ', 256 * 1024 - 2) + "{}")).BadFields("prompt", "repo");
        // The answer arrives although nobody reads such a body, and the connection goes on.
        for (var i = 0; i < 20; i++)
        {
            (await gateway.Post("/api/v1/tasks", new string(' ', 2 << 20))).Problem(413, "too_large");
            (await gateway.Post("/api/v1/nothing", body)).Problem(413, "too_large");
        }
    }

    [Theory]
    [InlineData("/api/v1/tasks?limit=201", "limit")]
    [InlineData("/api/v1/tasks?limit=0", "limit")]
    [InlineData("/api/v1/tasks?limit=-1", "limit")]
    [InlineData("/api/v1/tasks?limit=1e2", "limit")]
    [InlineData("/api/v1/tasks?limit=99999999999999999999", "limit")]
    public async Task A_page_has_its_limits(string path, string field) => (await gateway.Get(path)).BadFields(field);

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task An_answer_is_compressed_for_whoever_can_read_that(string coding)
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).State!;
        for (var n = 0; n < 200; n++) gateway.Logs.Prints(task.Id, $"the same words again and again, {n}");
        var path = $"/api/v1/tasks/{task.Id}/logs";
        var plain = await gateway.Get(path);
        Assert.False(plain.Headers.ContainsKey("Content-Encoding"));
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.AcceptEncoding.ParseAdd(coding);
        using var small = await gateway.Client.SendAsync(request);
        Assert.Equal([coding], small.Content.Headers.ContentEncoding);
        Assert.Contains("Accept-Encoding", small.Headers.Vary);
        var bytes = await small.Content.ReadAsByteArrayAsync();
        Assert.True(bytes.Length < plain.Body.Length / 5, $"{bytes.Length} of {plain.Body.Length} bytes");
        using var packed = new MemoryStream(bytes);
        await using Stream open = coding == "br" ? new BrotliStream(packed, CompressionMode.Decompress) : new GZipStream(packed, CompressionMode.Decompress);
        Assert.Equal(plain.Body, await new StreamReader(open).ReadToEndAsync());
    }

    [Fact]
    public async Task An_event_comes_at_once_and_as_it_is_also_for_whoever_can_read_compressed_ones()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).State!;
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/tasks/{task.Id}/logs/stream");
        request.Headers.AcceptEncoding.ParseAdd("gzip, br");
        using var answer = await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Empty(answer.Content.Headers.ContentEncoding);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync());
        for (var n = 1; n <= 3; n++)
        {
            // One at a time: the next is printed only when this one has come.
            gateway.Logs.Prints(task.Id, $"line {n}");
            string? line;
            do line = await events.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
            while (line?.StartsWith("data: ", StringComparison.Ordinal) is false);
            Assert.Contains($"line {n}", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Paging_shows_every_task_once_while_others_are_added_and_removed()
    {
        var repo = $"acme/{Guid.NewGuid():N}";
        var old = Enumerable.Range(0, 25).Select(n => gateway.Tasks.Has($"01ARZ3NDEKTSV4RRFFQ7{n:000000}", "ann", repo).State!.Id).ToList();
        var (seen, cursor, added) = (new List<string>(), "", 0);
        do
        {
            var page = (await gateway.Get($"/api/v1/tasks?owner=all&repo={repo}&limit=4&cursor={cursor}")).Json;
            seen.AddRange(page.GetProperty("tasks").EnumerateArray().Select(task => task.GetProperty("id").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString();
            gateway.Tasks.Has($"01ARZ3NDEKTSV4RRFFQ8{added++:000000}", "ann", repo);
            // The one that a page ended with may go: its id says the place all the same.
            if (added == 2) gateway.Tasks[seen[^1]].State = null;
        }
        while (cursor is not null);
        Assert.Equal(Enumerable.Reverse(old), seen);
    }
}
