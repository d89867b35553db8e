using System.Text.Json;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.Admin;

public sealed class BackupTests
{
    [Fact]
    public async Task A_service_restored_from_the_middle_of_its_work_ends_it_right_though_the_original_went_on_and_pushed()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__Workers__Slots"] = "1";
        var repo = await github.CreateRepository("acme/answer", GitHubTests.Files("""
            name: CI
            on: push
            jobs:
              test:
                runs-on: ubuntu-latest
                steps:
                  - run: test "$(cat answer)" = 42
            """));
        await stage.Up(() => Task.FromResult(true));
        var done = await Create("Write it at once\n\nfake[1]: write answer 42");
        var before = await stage.Ended(done);
        var log = await Log(done);
        // What the original writes, the restored one finds at the branch and goes on from.
        var running = await Create("Write it slowly\n\nfake[1]: sleep 3\nfake[1]: write answer 42\nfake[2]: write more 1");
        await stage.Until(running, task => task.Phase is Phase.Agent);
        var waiting = await Create("Write it later\n\nfake[1]: write answer 42\nfake[2]: write answer 42\nfake[2]: write more 1");

        var file = Path.Combine(stage.Root, "kept.tar.gz");
        var backup = await stage.Ampx("admin", "backup", file);
        Assert.True(backup.Code == 0, backup.Err);
        Assert.Empty(Directory.GetDirectories(Path.Combine(stage.Data, "tmp")));
        var used = await stage.Ampx("admin", "restore", file, "--data", stage.Data, "--force");
        Assert.Equal(1, used.Code);
        Assert.Contains("is in use by the service", used.Err, StringComparison.Ordinal);
        Assert.Equal(Status.Success, (await stage.Ended(running)).Status);
        await stage.Down();

        var token = File.ReadAllText(Path.Combine(stage.Data, "token"));
        Directory.Move(stage.Data, $"{stage.Data}-gone");
        var restore = await stage.Ampx("admin", "restore", file, "--data", stage.Data);
        Assert.True(restore.Code == 0, restore.Err);
        Assert.Equal(token, File.ReadAllText(Path.Combine(stage.Data, "token")));
        await stage.Up(() => Task.FromResult(true));
        foreach (var id in new[] { running, waiting })
        {
            var task = await stage.Ended(id);
            Assert.Equal((Status.Success, PullRequestState.Open), (task.Status, task.PullRequest?.State));
            Assert.Single(repo.Pulls, pull => pull.Head == task.Branch);
            if (id == running) Assert.Equal("2", await stage.Git(repo.Git.Folder, "rev-list", "--count", $"main..{task.Branch}"));
        }

        Assert.Equal(JsonSerializer.Serialize(before), JsonSerializer.Serialize(await stage.Show(done)));
        Assert.Equal(log, await Log(done));
        var (status, body) = await stage.Send(HttpMethod.Post, "admin/check", null);
        Assert.True(status == 200, body);
        Assert.Empty(Stage.Read<CheckReport>(body).Findings);

        async Task<string> Create(string prompt) => (await stage.Create(new { repo = "acme/answer", prompt })).Id;

        async Task<string> Log(string id) => (await stage.Send(HttpMethod.Get, $"tasks/{id}/logs", null)).Body;
    }
}
