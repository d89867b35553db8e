using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary><c>DELETE /tasks/{id}</c>.</summary>
public sealed class RemovalTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    [Fact]
    public async Task An_ended_task_is_gone_and_cleared_up_after()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds();
        var (id, path) = (task.State!.Id, $"/api/v1/tasks/{task.State.Id}");
        var gone = await gateway.Send(HttpMethod.Delete, $"/api/v1/tasks/{id[^6..].ToLowerInvariant()}", null);
        Assert.Equal((204, ""), (gone.Status, gone.Body));
        Assert.Contains(id, gateway.Tasks.Removed.Cleared);
        foreach (var part in new[] { "", "/timeline", "/attempts", "/logs", "/logs/stream", "/diff" }) (await gateway.Get(path + part)).Problem(404, "not_found");
        (await gateway.Send(HttpMethod.Delete, path, null)).Problem(404, "not_found");
        (await gateway.Patch(path, """{"action":"continue"}""")).Problem(404, "not_found");
    }

    [Fact]
    public async Task A_task_at_work_stays_and_the_answer_says_what_may_go()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString());
        var path = $"/api/v1/tasks/{task.State!.Id}";
        var queued = (await gateway.Send(HttpMethod.Delete, path, null)).Problem(409, "conflict").GetProperty("detail").GetString();
        Assert.Contains("only tasks that have ended can be removed", queued, StringComparison.Ordinal);
        Assert.Contains("abort it first", queued, StringComparison.Ordinal);
        task.Hears(new Claimed(new("run", "worker", RunKind.Agent)), new AbortRequested());
        Assert.Equal(Phase.Stopping, task.State.Phase);
        (await gateway.Send(HttpMethod.Delete, path, null)).Problem(409, "conflict");
        Assert.Equal(200, (await gateway.Get(path)).Status);
        task.Hears(new RunStopped());
        Assert.Equal(204, (await gateway.Send(HttpMethod.Delete, path, null)).Status);
    }

    [Fact]
    public async Task If_Match_keeps_what_has_changed_since_it_was_looked_at()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds();
        var path = $"/api/v1/tasks/{task.State!.Id}";
        (await gateway.Send(HttpMethod.Delete, path, null, ("If-Match", "\"1\""))).Problem(412, "precondition_failed");
        Assert.Equal(204, (await gateway.Send(HttpMethod.Delete, path, null, ("If-Match", $"\"{task.State.Version}\""))).Status);
    }

    [Fact]
    public async Task What_is_kept_of_it_elsewhere_is_not_waited_for_when_it_cannot_be_had()
    {
        var task = gateway.Tasks.Has(Ulid.NewUlid().ToString()).Succeeds();
        var path = $"/api/v1/tasks/{task.State!.Id}";
        gateway.Tasks.Removed.Busy = Task.FromException(new IOException("No space left on device"));
        try
        {
            Assert.Equal(204, (await gateway.Send(HttpMethod.Delete, path, null)).Status);
        }
        finally
        {
            gateway.Tasks.Removed.Busy = Task.CompletedTask;
        }

        (await gateway.Get(path)).Problem(404, "not_found");
        Assert.Contains(gateway.Log.Lines, line => line.Contains($"{task.State?.Id ?? path[^26..]} is removed, but not yet all", StringComparison.Ordinal));
    }
}
