using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

/// <summary>A run begins with what an earlier one had brought to the task's own ref.</summary>
public sealed class RestoreTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task On_another_machine_it_lies_there_uncommitted(bool baseMoved)
    {
        var sha = await Half();
        world.LoseMachine();
        if (baseMoved)
        {
            world.Write("later.txt", "later");
            world.SaveAndPush("base moves");
        }

        var next = await Again(sha);

        Assert.Equal((world.First, null, true), (next.StartSha, next.RemoteSha, next.Restored));
        Assert.Equal("A  half.txt", world.Git(next.Path, "status", "--porcelain"));
        Assert.Equal(world.First, world.Git(next.Path, "rev-parse", "HEAD"));
        Assert.Equal("half", await File.ReadAllTextAsync(Path.Combine(next.Path, "half.txt")));
        var commit = (await world.Commit(next, "run2")).Sha!;
        Assert.Equal(world.First, world.Git(next.Path, "rev-parse", commit + "^"));
        Assert.Equal(".gitignore\nREADME.md\nhalf.txt", world.Git(next.Path, "ls-tree", "-r", "--name-only", commit));
    }

    [Fact]
    public async Task On_top_of_what_was_pushed_it_is_the_same()
    {
        var pushed = await Pushed();
        var sha = await Half(pushed);
        world.LoseMachine();
        var next = await Again(sha, pushed);
        Assert.Equal((pushed, pushed, true), (next.StartSha, next.RemoteSha, next.Restored));
        Assert.Equal("A  half.txt", world.Git(next.Path, "status", "--porcelain"));
    }

    [Fact]
    public async Task Newer_work_in_the_tasks_own_tree_is_kept()
    {
        var sha = await Half();
        world.Put(world.Workspaces.Find(GitWorld.Task)!, "half.txt", "more");
        world.Workspaces.Release(GitWorld.Task);
        world.Restart();

        var next = await Again(sha);

        Assert.True(next.Restored);
        Assert.Equal("more", await File.ReadAllTextAsync(Path.Combine(next.Path, "half.txt")));
    }

    [Fact]
    public async Task A_snapshot_that_the_service_died_with_is_not_newer_than_the_tree_that_it_is_of()
    {
        await world.Take();
        world.Workspaces.BeginWork(GitWorld.Task);
        world.Put(world.Workspaces.Find(GitWorld.Task)!, "half.txt", "half");
        var sha = (await world.Snapshot())!.Sha; // the task was told, and then the service died
        world.Put(world.Workspaces.Find(GitWorld.Task)!, "half.txt", "more");
        world.Restart();

        Assert.False(world.Workspaces.IsSuperseded(GitWorld.Task, null, sha));
        Assert.Equal("more", await File.ReadAllTextAsync(Path.Combine((await Again(sha)).Path, "half.txt")));
    }

    [Fact]
    public async Task Another_machines_newer_checkpoint_goes_before_an_older_tree()
    {
        var old = await Half();
        Directory.Move(world.Data, world.Data + ".other");
        world.Restart();
        var theirs = await Again(old);
        world.Put(theirs, "half.txt", "newer");
        var newer = (await world.Snapshot())!.Sha;
        await world.CheckpointRefs.Save(world.Remote, GitWorld.Task, newer, old, () => Task.FromResult(true));
        DiskFolder.Delete(world.Data);
        Directory.Move(world.Data + ".other", world.Data);
        world.Restart();

        Assert.True(world.Workspaces.IsSuperseded(GitWorld.Task, null, newer));
        var next = await Again(newer);

        Assert.Equal("newer", await File.ReadAllTextAsync(Path.Combine(next.Path, "half.txt")));
    }

    [Fact]
    public async Task A_person_who_moved_the_branch_comes_first_with_the_work_on_top_where_it_merges()
    {
        var pushed = await Pushed();
        var sha = await Half(pushed);
        var theirs = PersonPushes("person.txt", "mine");
        world.LoseMachine();

        var next = await Again(sha, pushed);

        Assert.Equal((theirs, theirs, true), (next.StartSha, next.RemoteSha, next.Restored));
        Assert.Equal("A  half.txt", world.Git(next.Path, "status", "--porcelain"));
        Assert.True(File.Exists(Path.Combine(next.Path, "person.txt")));
        Assert.Equal(theirs, world.Git(next.Path, "rev-parse", "HEAD"));
    }

    [Fact]
    public async Task What_conflicts_with_a_persons_commit_stays_on_the_ref()
    {
        var pushed = await Pushed();
        var sha = await Half(pushed);
        var theirs = PersonPushes("half.txt", "otherwise");
        world.LoseMachine();

        var next = await Again(sha, pushed);

        Assert.Equal((theirs, false), (next.StartSha, next.Restored));
        Assert.Equal("", world.Git(next.Path, "status", "--porcelain"));
        Assert.Equal("otherwise", await File.ReadAllTextAsync(Path.Combine(next.Path, "half.txt")));
        Assert.Equal(sha, world.AtRemote());
    }

    [Fact]
    public async Task A_person_who_went_back_is_respected()
    {
        var pushed = await Pushed();
        var sha = await Half(pushed);
        world.Git(world.Person, "push", "-q", "-f", "origin", $"{world.First}:refs/heads/{GitWorld.Branch}");
        var next = await Again(sha, pushed);
        Assert.Equal((world.First, false), (next.StartSha, next.Restored));
        Assert.False(File.Exists(Path.Combine(next.Path, "half.txt")));
    }

    [Fact]
    public async Task A_refused_commit_is_found_at_the_ref_by_another_machine()
    {
        var (_, refused) = await world.Work("secret.txt", "key");
        await world.CheckpointRefs.Save(world.Remote, GitWorld.Task, refused, null, () => Task.FromResult(true));
        world.LoseMachine();
        var next = await world.Workspaces.Take(world.Request() with { RejectedSha = refused, Checkpoint = refused });
        Assert.Equal("A  secret.txt", world.Git(next.Path, "status", "--porcelain"));
        Assert.Equal(world.First, world.Git(next.Path, "rev-parse", "HEAD"));
    }

    [Fact]
    public async Task A_checkpoint_that_is_nowhere_stops_nobody()
    {
        var next = await Again(new string('1', 40));
        Assert.Equal((world.First, false), (next.StartSha, next.Restored));
    }

    /// <summary>The branch has a commit of the task's.</summary>
    private async Task<string> Pushed()
    {
        var (_, sha) = await world.Work();
        await world.Pushes.Push(world.Remote, GitWorld.Branch, sha, null, GitWorld.Task);
        return sha;
    }

    /// <summary>A run has come halfway, and that is at the task's own ref.</summary>
    private async Task<string> Half(string? pushed = null)
    {
        var workspace = await world.Workspaces.Take(world.Request() with { HeadSha = pushed, RemoteSha = pushed });
        world.Workspaces.BeginWork(GitWorld.Task);
        world.Put(workspace, "half.txt", "half");
        var snapshot = (await world.Snapshot())!;
        world.Workspaces.Told(GitWorld.Task, snapshot.Sha);
        Assert.IsType<PushOutcome.Pushed>(await world.CheckpointRefs.Save(world.Remote, GitWorld.Task, snapshot.Sha, null, () => Task.FromResult(true)));
        return snapshot.Sha;
    }

    private string PersonPushes(string file, string text)
    {
        world.Git(world.Person, "fetch", "-q", "origin");
        world.Git(world.Person, "checkout", "-q", "-b", "theirs", "origin/" + GitWorld.Branch);
        world.Write(file, text);
        return world.SaveAndPush("by hand", GitWorld.Branch);
    }

    private Task<Workspace> Again(string checkpoint, string? pushed = null) =>
        world.Workspaces.Take(world.Request() with { HeadSha = pushed, RemoteSha = pushed, Checkpoint = checkpoint });
}
