using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>A removed task on a real machine: in the database, on the disk, at the remote.</summary>
public sealed class RemovalTests
{
    [Fact]
    public async Task Nothing_is_left_of_a_removed_task_and_what_others_need_stays()
    {
        await using var stage = new Stage();
        stage.Agent("good", "cat > note; echo told");
        stage.Agent("bad", "echo half > half; exit 1");
        stage.Environment["Ampx__Workers__Slots"] = "1";
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();
        var good = await stage.Ended((await stage.Start(repo, "Do it", "--agent", "good", "--ci", "true")).Id);
        var bad = await stage.Ended((await stage.Start(repo, "Try it", "--agent", "bad", "--ci", "true", "--max-attempts", "1")).Id);
        Assert.Equal((Status.Success, Status.NeedsReview), (good.Status, bad.Status));
        await Stage.Until(async () => await Refs(stage, repo) == $"refs/ampx/{bad.Id}", "the unfinished work is at the remote");
        var mirror = Assert.Single(Directory.GetDirectories(Path.Combine(stage.Data, "mirrors")));
        Assert.NotEqual(0, await LogRows(stage, bad.Id));

        Assert.Equal((204, ""), await stage.Send(HttpMethod.Delete, $"tasks/{bad.Id}", null));
        Assert.Equal(404, (await stage.Send(HttpMethod.Get, $"tasks/{bad.Id}", null)).Status);
        Assert.Equal(0, await LogRows(stage, bad.Id));
        Assert.Equal("", await Refs(stage, repo));
        Assert.DoesNotContain(bad.Id, await Refs(stage, mirror), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(Path.Combine(stage.Data, "workspaces"), "tree.json", SearchOption.AllDirectories), file => File.ReadAllText(file).Contains(bad.Id, StringComparison.Ordinal));

        // The branch was given to people, as the other task's change was; the mirror is everybody's.
        Assert.NotEqual(0, await LogRows(stage, good.Id));
        Assert.Equal([good.Id], (await stage.Get<TaskList>("tasks?owner=all")).Tasks.Select(task => task.Id));
        Assert.Equal(Status.Success, (await stage.Ended((await stage.Start(repo, "Do it again", "--agent", "good", "--ci", "true")).Id)).Status);
        Assert.Equal((204, ""), await stage.Send(HttpMethod.Delete, $"tasks/{good.Id}", null));
        Assert.Equal("Do it", (await stage.Git(repo, "show", $"{good.Branch}:note")).Trim());

        // Nothing in the service contradicts itself after that.
        var (status, report) = await stage.Send(HttpMethod.Post, "admin/check", new { repair = false });
        Assert.Equal(200, status);
        Assert.Empty(Stage.Read<CheckReport>(report).Findings);
    }

    private static Task<string> Refs(Stage stage, string repo) => stage.Git(repo, "for-each-ref", "--format=%(refname)", "refs/ampx/");

    private static async Task<long> LogRows(Stage stage, string id)
    {
        await using var logs = new SqliteConnection($"Data Source={Path.Combine(stage.Data, "logs.db")};Mode=ReadOnly;Pooling=false");
        await logs.OpenAsync();
        await using var count = new SqliteCommand("SELECT count(*) FROM log_chunk WHERE task_id = @id", logs);
        count.Parameters.AddWithValue("@id", id);
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
