using Ampx.Core.Tasks;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.Admin;

public sealed class BackupTests
{
    [Fact]
    public async Task A_service_restored_from_the_middle_of_a_run_ends_it_right_though_the_original_went_on_and_pushed()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        var repo = await github.CreateRepository("acme/answer", GitHubTests.Files("""
            name: CI
            on: push
            jobs:
              test:
                runs-on: ubuntu-latest
                steps:
                  - run: test "$(cat answer)" = 42
            """));
        await stage.Up();
        var id = (await stage.Start("acme/answer", "Write the answer\n\nfake[1]: sleep 6\nfake[1]: write answer 42\nfake[2]: write answer 42")).Id;
        await stage.Until(id, task => task.Phase is Phase.Agent);
        var file = Path.Combine(stage.Root, "kept.tar.gz");
        var backup = await stage.Ampx("admin", "backup", file);
        Assert.True(backup.Code == 0, backup.Err);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(1, (await stage.Ampx("admin", "backup", file)).Code);
        Assert.Equal(1, (await stage.Ampx("admin", "restore", file, "--data", stage.Data)).Code);
        Assert.Equal(Status.Success, (await stage.Ended(id)).Status);
        await stage.Kill();

        Assert.Equal(1, (await stage.Ampx("admin", "restore", file, "--data", stage.Data)).Code);
        var token = File.ReadAllText(Path.Combine(stage.Data, "token"));
        Directory.Move(stage.Data, $"{stage.Data}-gone");
        var restore = await stage.Ampx("admin", "restore", file, "--data", stage.Data);
        Assert.True(restore.Code == 0, restore.Err);
        Assert.Equal(token, File.ReadAllText(Path.Combine(stage.Data, "token")));
        await stage.Up();
        var task = await stage.Ended(id);
        Assert.Equal((Status.Success, PullRequestState.Open), (task.Status, task.PullRequest?.State));
        Assert.Single(repo.Pulls, pull => pull.Head == task.Branch);
        Assert.Equal("1", await stage.Git(repo.Git.Folder, "rev-list", "--count", $"main..{task.Branch}"));
        var check = await stage.Ampx("admin", "check");
        Assert.True(check.Code == 0, check.Out + check.Err);
    }

    [Fact]
    public async Task What_is_no_whole_backup_is_refused_and_leaves_the_folder_as_it_was()
    {
        await using var stage = new Stage();
        var file = Path.Combine(stage.Root, "broken.tar.gz");
        File.WriteAllText(file, "no archive");
        var (code, _, words) = await stage.Ampx("admin", "restore", file, "--data", stage.Data);
        Assert.Equal(1, code);
        Assert.Contains("no whole backup", words, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(stage.Data, "ampx.db")));
    }
}
