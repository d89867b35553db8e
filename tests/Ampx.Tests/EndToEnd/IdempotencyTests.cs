using System.Net.Http.Json;
using Ampx.Core;
using Ampx.Core.Api;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A client whose service dies before it answers, wherever in the middle that is.</summary>
public sealed class IdempotencyTests
{
    [Fact]
    public async Task A_key_makes_one_task_though_the_service_is_killed_between_accepting_and_answering()
    {
        await using var stage = new Stage();
        stage.Agent("idle", "sleep 1000");
        stage.Environment["Ampx__Workers__Slots"] = "1";
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var keys = Enumerable.Range(0, 40).Select(_ => Guid.NewGuid().ToString()).ToList();
        var answered = 0;
        var some = new TaskCompletionSource();
        var first = keys.Select(async key =>
        {
            try
            {
                var id = (await Start(stage, repo, key)).Id;
                if (Interlocked.Increment(ref answered) == 8) some.SetResult();
                return id;
            }
            catch (HttpRequestException)
            {
                return null; // what this is about
            }
        }).ToList();
        await some.Task.WaitAsync(Stage.Patience);
        await stage.Kill();
        var heard = await Task.WhenAll(first);
        Assert.Contains(null, heard);

        await stage.Up();
        var again = await Task.WhenAll(keys.Select(key => Start(stage, repo, key)));
        foreach (var (before, now) in heard.Zip(again)) Assert.True(before is null || (before == now.Id && now.Status == 200), $"{before} became {now}");
        Assert.Equal(again.Select(task => task.Id), (await Task.WhenAll(keys.Select(key => Start(stage, repo, key)))).Select(task => task.Id));
        var all = (await stage.Get<TaskList>("tasks?owner=all&limit=200")).Tasks.Select(task => task.Id);
        Assert.Equal(again.Select(task => task.Id).Order(), all.Order());
        Assert.Equal(keys.Count, all.Count());
    }

    private static async Task<(string Id, int Status)> Start(Stage stage, string repo, string key)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{ServiceFile.Read(stage.Data)!.Url}/api/v1/tasks")
        {
            Content = JsonContent.Create(new { repo, prompt = $"Wait, {key}", agent = "idle", ci = "true" }),
        };
        request.Headers.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(stage.Data, "token"))).Trim());
        request.Headers.Add("Idempotency-Key", key);
        using var answer = await http.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {body}");
        return (Stage.Read<TaskView>(body).Id, (int)answer.StatusCode);
    }
}
