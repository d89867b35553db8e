using System.Diagnostics;
using Ampx.Chaos.Machines;
using Ampx.Tests.Storage;
using Npgsql;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A database that takes connections and calls, and says nothing any more: worse than one that is gone.</summary>
public sealed class HungDatabaseTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Calls_become_503_and_SIGTERM_ends_the_service_in_time()
    {
        using var database = new PostgresDatabase();
        var given = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        await using var proxy = new DatabaseProxy(given.Port);
        await using var cluster = new ClusterStage(new NpgsqlConnectionStringBuilder(given.ConnectionString) { Port = proxy.Port }.ConnectionString);
        var machine = cluster.Machine();
        machine.Agent("patient", "echo begun; sleep 600");
        var repo = await machine.Repository("answer", ("README.md", "An answer."));
        await ClusterStage.Up(machine);
        var task = await machine.Create(new { repo, prompt = "Be patient", agent = "patient", ci = "true" });
        await Stage.Until(async () => (await machine.Ampx("logs", task.Id)).Out.Contains("begun", StringComparison.Ordinal), "the agent runs");

        proxy.Hold();
        var since = Stopwatch.GetTimestamp();
        var answers = await Task.WhenAll(
            machine.Send(HttpMethod.Get, "tasks", null), machine.Send(HttpMethod.Get, "stats", null),
            machine.Send(HttpMethod.Post, "tasks", new { repo, prompt = "Another", agent = "patient", ci = "true" }));
        Assert.All(answers, answer => Assert.True(answer.Status == 503, $"{answer.Status} {answer.Body}"));
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.Zero, Limit * 3);

        var took = await machine.Terminate();
        Assert.True(took < Limit && machine.ServiceExit == 0, $"exit {machine.ServiceExit} after {took}\n{machine.ServiceLog}");
        proxy.Mend();
    }
}
