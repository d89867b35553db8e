using System.Text.Json.Nodes;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Postgres;
using Ampx.Silo.Storage.Sqlite;
using Ampx.Tests.EndToEnd;
using Dapper;
using Xunit;

namespace Ampx.Tests.Admin;

public sealed class CheckOnSqlite : CheckTests
{
    protected override Stage Stage { get; } = new();

    protected override Task Up() => Stage.Up(() => Task.FromResult(true));

    protected override Database Open() => SqliteStorage.Open(Stage.Data);

    public override ValueTask DisposeAsync() => Stage.DisposeAsync();
}

public sealed class CheckOnPostgres : CheckTests
{
    private readonly ClusterStage cluster = new();

    public CheckOnPostgres() => Stage = cluster.Machine();

    protected override Stage Stage { get; }

    protected override Task Up() => Stage.Up(() => Task.FromResult(true));

    protected override Database Open() => PostgresStorage.Open(cluster.ConnectionString);

    public override ValueTask DisposeAsync() => cluster.DisposeAsync();
}

/// <summary>A check of a real service: silent about what is in motion, and about nothing that is damaged.</summary>
public abstract class CheckTests : IAsyncDisposable
{
    protected abstract Stage Stage { get; }

    private string End => Path.Combine(Stage.Root, "end");

    /// <summary>Returns as soon as the service listens.</summary>
    protected abstract Task Up();

    protected abstract Database Open();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task What_is_in_motion_is_no_finding_and_every_damage_is_found_and_told_and_mended_and_the_service_carries_on()
    {
        Agents();
        Stage.Environment["Ampx__Workers__Slots"] = "1";
        var (repo, other) = (await Stage.Repository("answer", ("README.md", "An answer.")), await Stage.Repository("other", ("README.md", "An answer.")));
        await Up();
        var begun = await Check();
        Assert.Equal((0, 64), (begun.Findings.Count, begun.Checked.Reminders));
        var (done, busy) = (await Create(repo, "quick"), await Create(repo, "quick"));
        do Assert.Empty((await Check(repair: true)).Findings);
        while ((await Stage.Show(done)).FinishedAt is null || (await Stage.Show(busy)).FinishedAt is null);

        var mirror = Assert.Single(Directory.GetDirectories(Path.Combine(Stage.Data, "mirrors")));
        var running = await Create(other, "steady");
        await Stage.Until(running, task => task.Phase is Phase.Agent);
        var waiting = await Create(other, "quick");
        await Damage(done, running, waiting, mirror);

        var told = await Stage.Ampx("admin", "check");
        Assert.Equal(1, told.Code);
        var kinds = told.Out.Split('\n').Where(line => line.StartsWith("differs", StringComparison.Ordinal)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
        Assert.Equal(["activation", "attempt", "index", "reminder", "run", "run_folder", "timeline", "workspace"], kinds.Distinct().Order(StringComparer.Ordinal));
        var mended = await Check(repair: true);
        Assert.All(mended.Findings, finding => Assert.True(finding.Repaired, $"{finding}"));
        Assert.Empty((await Check()).Findings);
        Assert.Equal("entry_lost", (await Stage.Get<Timeline>($"tasks/{done}/timeline")).Entries[1].Cause);

        await File.WriteAllTextAsync(End, "");
        foreach (var id in new[] { running, waiting, await Create(repo, "quick") }) Assert.Equal(Status.Success, (await Stage.Ended(id)).Status);
        Assert.Empty((await Check()).Findings);
    }

    private async Task Damage(string done, string running, string waiting, string mirror)
    {
        using var database = Open();
        await Do(database, "UPDATE task_index SET status = 'running', owner = 'eve' WHERE task_id = @id", done);
        await Do(database, "DELETE FROM task_timeline WHERE task_id = @id AND version = 2", done);
        await Do(database, "UPDATE task_attempt SET body = '{}' WHERE task_id = @id", done);
        await Do(database, "DELETE FROM OrleansRemindersTable WHERE GrainId = (SELECT min(GrainId) FROM OrleansRemindersTable)");
        // Written behind the back of the grain that has the task in memory; the run is one that nobody ever began.
        await Change(database, waiting, task => task["version"] = (int)task["version"]! + 1);
        await Change(database, running, task => (task["version"], task["run"]!["run_id"]) = ((int)task["version"]! + 1, "01JNOBODYHASBEGUNTHISRUNXX"));
        Directory.CreateDirectory(Path.Combine(Stage.Data, "runs", "01JNOBODYWANTSTHISFOLDERXX"));
        Directory.Delete(mirror, recursive: true);
    }

    /// <summary>One ends soon, the other when the test says so.</summary>
    private void Agents()
    {
        Stage.Agent("quick", "sleep 0.2; date +%N > answer");
        Stage.Agent("steady", $"while [ ! -e {End} ]; do sleep 0.1; done; date +%N > answer");
    }

    private async Task<string> Create(string repo, string agent) => (await Stage.Create(new { repo, prompt = "Write the answer", agent, ci = "test -s answer" })).Id;

    private async Task<CheckReport> Check(bool repair = false)
    {
        var (status, body) = await Stage.Send(HttpMethod.Post, "admin/check", new { repair });
        Assert.True(status == 200, $"{status} {body}");
        return Stage.Read<CheckReport>(body);
    }

    private static async Task Do(Database database, string sql, string? id = null)
    {
        await using var connection = await database.Writer.OpenConnectionAsync();
        Assert.Equal(1, await connection.ExecuteAsync(sql, new { id }));
    }

    private static async Task Change(Database database, string id, Action<JsonNode> change)
    {
        await using var connection = await database.Writer.OpenConnectionAsync();
        var key = ITaskGrain.KeyOf(id);
        var task = JsonNode.Parse(await connection.QuerySingleAsync<string>("SELECT PayloadBinary FROM OrleansStorage WHERE GrainIdExtensionString = @key", new { key }))!;
        change(task);
        Assert.Equal(1, await connection.ExecuteAsync("UPDATE OrleansStorage SET PayloadBinary = @body, Version = Version + 1 WHERE GrainIdExtensionString = @key", new { key, body = task.ToJsonString() }));
    }
}
