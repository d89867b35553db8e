using System.Text;
using Ampx.Core.Tasks;
using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

public sealed class GitProgressTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData("Receiving objects:  45% (1234/2750), 12.30 MiB | 5.00 MiB/s\r", "objects", 1234, 2750)]
    [InlineData("Receiving objects: 100% (5332/5332), 66.01 MiB | 7.12 MiB/s, done.\n", "objects", 5332, 5332)]
    [InlineData("Resolving deltas:   3% (9/271)\r", "deltas", 9, 271)]
    public void What_is_fetched_is_counted(string line, string unit, long done, long total) => Assert.Equal(new TaskProgress(unit, done, total), GitProgress.Read(line));

    [Theory]
    [InlineData("remote: Receiving objects: 45% (1/2)\n")]
    [InlineData("Receiving objects: many\n")]
    [InlineData("fatal: early EOF\n")]
    public void Nothing_else_is_progress(string line) => Assert.Null(GitProgress.Read(line));

    [Fact]
    public async Task Errors_are_kept_and_progress_and_new_branches_are_not()
    {
        using var said = new MemoryStream("remote: Counting objects:  50% (1/2)\rReceiving objects:  50% (1/2)\r * [new branch]  a -> a\nfatal: early EOF\nfatal: at the en"u8.ToArray());
        var (told, kept) = (new List<TaskProgress>(), new MemoryStream());
        await GitProgress.Target(told.Add, bytes => kept.Write(bytes)).CopyFromAsync(said, TestContext.Current.CancellationToken);
        Assert.Equal([new TaskProgress("objects", 1, 2)], told);
        Assert.Equal("fatal: early EOF\nfatal: at the en", Encoding.UTF8.GetString(kept.ToArray()));
    }

    [Fact]
    public async Task Real_git_tells_of_every_object_of_a_first_fetch()
    {
        for (var file = 0; file < 20; file++) world.Write($"file{file}.txt", $"{file}\n");
        world.SaveAndPush("many files");
        var into = Path.Combine(world.Root, "into.git");
        world.Git(world.Root, "init", "-q", "--bare", into);
        List<TaskProgress> told = [];
        await world.Runner.Run(
            new GitCommand("-c", "fetch.unpackLimit=1", "fetch", "--progress", "--", world.Origin, "+refs/heads/*:refs/heads/*") { GitDir = into, Progress = told.Add }, TestContext.Current.CancellationToken);
        var last = told.Last(progress => progress.Unit == "objects");
        Assert.Equal(last.Total, last.Done);
        Assert.InRange(last.Total, 22, 100);
    }
}
