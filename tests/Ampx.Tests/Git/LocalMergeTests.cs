using Ampx.Core.Tasks;
using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

public sealed class LocalMergeTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData(MergeMethod.Squash, true)]
    [InlineData(MergeMethod.Squash, false)]
    [InlineData(MergeMethod.Merge, true)]
    [InlineData(MergeMethod.Merge, false)]
    [InlineData(MergeMethod.Rebase, true)]
    [InlineData(MergeMethod.Rebase, false)]
    public async Task A_judged_commit_is_merged_once_however_often_it_is_asked_for(MergeMethod method, bool baseMoved)
    {
        var sha = await Pushed();
        if (baseMoved) world.Write("more.txt", "more");
        if (baseMoved) world.SaveAndPush("base moves");

        var merged = Assert.IsType<LocalMergeOutcome.Merged>(await world.LocalMerge.Merge(Order(sha, method)));

        Assert.Equal(merged.Sha, world.Tip("main"));
        Assert.Equal("done", world.Git(world.Origin, "show", "main:work.txt"));
        Assert.Equal(method == MergeMethod.Merge ? 2 : 1, world.Git(world.Origin, "log", "-1", "--format=%P", "main").Split(' ').Length);
        world.Write("later.txt", "later");
        world.Git(world.Person, "pull", "-q", "--rebase", "origin", "main");
        var later = world.SaveAndPush("later");
        world.Restart();
        Assert.Equal(merged, await world.LocalMerge.Merge(Order(sha, method)));
        Assert.Equal(later, world.Tip("main"));
    }

    [Fact]
    public async Task The_branch_is_deleted_on_demand_and_the_answer_stays_the_same()
    {
        var sha = await Pushed();
        var order = Order(sha) with { DeleteBranch = true };
        var merged = Assert.IsType<LocalMergeOutcome.Merged>(await world.LocalMerge.Merge(order));
        Assert.True(merged.BranchDeleted);
        Assert.Null(world.Tip(GitWorld.Branch));
        Assert.Equal(merged, await world.LocalMerge.Merge(order));
    }

    [Fact]
    public async Task Another_commit_than_the_judged_one_is_not_merged()
    {
        var sha = await Pushed();
        world.Write("x.txt", "x");
        var theirs = world.SaveAndPush("by hand", GitWorld.Branch);
        Assert.Equal(new LocalMergeOutcome.Moved(theirs), await world.LocalMerge.Merge(Order(sha)));
    }

    [Theory]
    [InlineData(MergeMethod.Squash)]
    [InlineData(MergeMethod.Merge)]
    [InlineData(MergeMethod.Rebase)]
    public async Task A_conflict_names_the_files_and_changes_nothing(MergeMethod method)
    {
        var sha = await Pushed("README.md");
        world.Write("README.md", "otherwise\n");
        var theirs = world.SaveAndPush("base moves");
        var conflict = Assert.IsType<LocalMergeOutcome.Conflict>(await world.LocalMerge.Merge(Order(sha, method)));
        Assert.Equal(["README.md"], conflict.Files);
        Assert.Equal(theirs, world.Tip("main"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(world.Data, "tmp")));
    }

    [Fact]
    public async Task A_checked_out_base_follows_and_with_uncommitted_changes_refuses()
    {
        var remote = new GitRemote(world.Person);
        var workspace = await world.Workspaces.Take(world.Request() with { Remote = remote });
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "work.txt"), "done\n");
        var sha = (await world.Commit(workspace)).Sha!;
        Assert.IsType<PushOutcome.Pushed>(await world.Pushes.Push(remote, GitWorld.Branch, sha, null, GitWorld.Task));
        var order = Order(sha) with { Remote = remote };

        world.Write("README.md", "not committed\n");
        var refused = Assert.IsType<LocalMergeOutcome.Refused>(await world.LocalMerge.Merge(order));
        Assert.Contains("uncommitted changes", refused.Detail, StringComparison.Ordinal);

        world.Git(world.Person, "checkout", "-q", "README.md");
        world.Write("work.txt", "in the way");
        Assert.Contains("work.txt", Assert.IsType<LocalMergeOutcome.Refused>(await world.LocalMerge.Merge(order)).Detail, StringComparison.Ordinal);

        File.Delete(Path.Combine(world.Person, "work.txt"));
        var merged = Assert.IsType<LocalMergeOutcome.Merged>(await world.LocalMerge.Merge(order));
        Assert.Equal(merged.Sha, world.Git(world.Person, "rev-parse", "HEAD"));
        Assert.Equal("done\n", await File.ReadAllTextAsync(Path.Combine(world.Person, "work.txt")));
        Assert.Equal("", world.Git(world.Person, "status", "--porcelain"));
    }

    private async Task<string> Pushed(string file = "work.txt")
    {
        var (_, sha) = await world.Work(file);
        Assert.IsType<PushOutcome.Pushed>(await world.Pushes.Push(world.Remote, GitWorld.Branch, sha, null, GitWorld.Task));
        return sha;
    }

    private LocalMergeOrder Order(string sha, MergeMethod method = MergeMethod.Squash) =>
        new(world.Remote, GitWorld.Branch, "main", sha, method, "Fix it (#1)", GitWorld.Task, "ampx", "ampx@localhost");
}
