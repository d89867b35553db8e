using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Tasks;
using Ampx.Tests.EndToEnd;
using FsCheck.Fluent;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>Whatever is sent, the answer is a good one: over everything that the gateway has routes for, and over a whole service with each of its databases.</summary>
public sealed class AnyRequestTests
{
    /// <summary>Beside those of the API's own description.</summary>
    private static readonly string[] Others =
        ["/", "/tasks", "/tasks/{id}", "/tasks/{id}/logs", "/signin", "/session", "/webhooks/github", "/health/live", "/health/ready", "/openapi/v1.json", "/openapi/{id}.json", "/docs", "/docs/{file}", "/api/v1", "/api/v2/tasks", "/{any}"];

    /// <summary>They look at the machine for seconds each time; the gateway's part of them is asked without a service.</summary>
    private static readonly string[] Slow = ["/api/v1/doctor", "/api/v1/admin/check", "/api/v1/admin/backup"];

    [Fact]
    public async Task By_the_gateway()
    {
        await using var gateway = new GatewayHost();
        await gateway.InitializeAsync();
        var (ended, waiting) = (gateway.Tasks.Has("01ARZ3NDEKTSV4RRFFQ69G5FAV").Succeeds().State!.Id, gateway.Tasks.Has("01ARZ3NDEKTSV4RRFFQ69G5FAW").State!.Id);
        gateway.Logs.Prints(ended, "a line");
        gateway.Tasks[ended].OnMerge = new Merged("m1"); // nobody moves the gateway's clock, by which a merge is waited for
        await AllAreAnsweredWell(gateway.Client, Paths((await gateway.Get("/openapi/v1.json")).Json), [ended, waiting, "5fav", "01ARZ3NDEKTSV4RRFFQ69G5FA"], 1500);
    }

    [Fact]
    public async Task By_a_service_on_SQLite()
    {
        await using var stage = new Stage();
        await ByTheService(stage);
    }

    [Fact]
    public async Task By_a_service_on_PostgreSQL()
    {
        await using var cluster = new ClusterStage();
        await ByTheService(cluster.Machine());
    }

    private static async Task ByTheService(Stage stage)
    {
        stage.Environment["PATH"] = "/usr/bin:/bin"; // no agent and no credential: nothing that is asked for is begun
        stage.Agent("idle", "sleep 1000");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var task = await stage.Create(new { repo, prompt = "Wait", agent = "idle", ci = "true" });
        Assert.Equal(204, (await stage.Send(HttpMethod.Patch, $"tasks/{task.Id}", new { action = "abort" })).Status);
        await stage.Until(task.Id, now => now.Phase is Phase.Done);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new(ServiceFile.Read(stage.Data)!.Url) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(Path.Combine(stage.Data, "token"))).Trim());
        var description = JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync(new Uri("/openapi/v1.json", UriKind.Relative)));
        await AllAreAnsweredWell(client, [.. Paths(description).Except(Slow)], [task.Id, task.Id[^6..]], 600);
        Assert.DoesNotContain("Exception", stage.ServiceLog, StringComparison.Ordinal);
    }

    private static async Task AllAreAnsweredWell(HttpClient client, IReadOnlyList<string> paths, IReadOnlyList<string> ids, int count)
    {
        foreach (var request in AnyRequest.To(paths, ids).Sample(count, 12)) await request.IsAnsweredWell(client);
    }

    private static IReadOnlyList<string> Paths(JsonElement description) => [.. description.GetProperty("paths").EnumerateObject().Select(path => path.Name), .. Others];
}
