using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Others are told of tasks that have ended, by a real service over HTTP.</summary>
public sealed class NotifyTests : IAsyncDisposable
{
    private const string Secret = "the-hooks-own-secret";
    private readonly Stage stage = new();
    private readonly ConcurrentQueue<(string Path, Dictionary<string, string> Headers, byte[] Body)> heard = [];
    private readonly WebApplication receiver;
    private volatile int refusals;

    public NotifyTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        receiver = builder.Build();
        receiver.MapPost("/{hook}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            heard.Enqueue((request.Path, request.Headers.ToDictionary(header => header.Key, header => $"{header.Value}"), body.ToArray()));
            return Interlocked.Decrement(ref refusals) >= 0 ? Results.StatusCode(503) : Results.NoContent();
        });
    }

    public async ValueTask DisposeAsync()
    {
        await stage.DisposeAsync();
        await receiver.DisposeAsync();
    }

    [Fact]
    public async Task The_end_of_a_task_is_told_signed_and_to_Slack_with_a_link()
    {
        await Begin(slack: true);
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        var task = await stage.Ended((await stage.Start(repo, "Write <the> answer & more", "--agent", "writer", "--ci", "true")).Id);
        await Stage.Until(() => Task.FromResult(heard.Count >= 2), "both have been told");

        var (_, headers, body) = heard.Single(one => one.Path == "/hook");
        Assert.Equal(("task.success", $"{task.Id}-{task.Version}"), (headers["Ampx-Event"], headers["Ampx-Delivery"]));
        Assert.Equal($"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), body))}", headers["Ampx-Signature-256"]);
        using var told = JsonDocument.Parse(body);
        Assert.Equal(("task.success", task.Id, "success"), (Text(told, "event"), told.RootElement.GetProperty("task").GetProperty("id").GetString(), told.RootElement.GetProperty("task").GetProperty("status").GetString()));
        var link = Text(told, "url");
        Assert.EndsWith($"/t/{task.Id}", link, StringComparison.Ordinal);
        using var slack = JsonDocument.Parse(heard.Single(one => one.Path == "/slack").Body);
        Assert.StartsWith($":white_check_mark: *success* <{link}|Write &lt;the&gt; answer &amp; more>\n", Text(slack, "text"), StringComparison.Ordinal);
        Assert.DoesNotContain(receiver.Urls.Single() + "/slack", stage.ServiceLog, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_is_away_is_told_later_also_over_a_kill_of_the_service()
    {
        refusals = int.MaxValue;
        await Begin(slack: false);
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        var first = await stage.Ended((await stage.Start(repo, "Write", "--agent", "writer", "--ci", "false", "--max-attempts", "1")).Id);
        Assert.Equal(Status.NeedsReview, first.Status);
        await Stage.Until(() => Task.FromResult(heard.Count >= 2), "it was told twice, in vain");
        await stage.Kill();
        refusals = 0;
        heard.Clear();
        await stage.Up();
        await Stage.Until(() => Task.FromResult(!heard.IsEmpty), "it is told again");
        Assert.Equal($"{first.Id}-{first.Version}", Assert.Single(heard).Headers["Ampx-Delivery"]);
        // Told once, and then no more.
        var second = await stage.Ended((await stage.Start(repo, "Write", "--agent", "writer", "--ci", "true")).Id);
        await Stage.Until(() => Task.FromResult(heard.Count >= 2), "the next one is told");
        Assert.Equal([$"{first.Id}-{first.Version}", $"{second.Id}-{second.Version}"], heard.Select(one => one.Headers["Ampx-Delivery"]));
        Assert.Contains("couldn't be told of its end (it answered 503)", stage.ServiceLog, StringComparison.Ordinal);
    }

    private async Task Begin(bool slack)
    {
        await receiver.StartAsync();
        stage.Agent("writer", "date +%N > answer");
        stage.Environment["Ampx__Notify__Url"] = $"{receiver.Urls.Single()}/hook";
        stage.Environment["Ampx__Notify__Secret"] = Secret;
        if (slack) stage.Environment["Ampx__Notify__SlackUrl"] = $"{receiver.Urls.Single()}/slack";
        await stage.Up();
    }

    private static string? Text(JsonDocument json, string name) => json.RootElement.GetProperty(name).GetString();
}
