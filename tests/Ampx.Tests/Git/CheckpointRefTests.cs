using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

/// <summary>The task's own ref at the remote.</summary>
public sealed class CheckpointRefTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task It_is_made_replaced_and_removed_and_each_can_be_done_again()
    {
        var (one, two) = await Two();
        Assert.IsType<PushOutcome.Pushed>(await Save(one, null));
        Assert.Equal(one, world.AtRemote());
        Assert.IsType<PushOutcome.AlreadyThere>(await Save(one, null));
        Assert.IsType<PushOutcome.Pushed>(await Save(two, one));
        Assert.Equal(two, world.AtRemote());
        Assert.IsType<PushOutcome.Pushed>(await Remove(two));
        Assert.Null(world.AtRemote());
        Assert.True(await Remove(two) is PushOutcome.Pushed or PushOutcome.AlreadyThere);
        Assert.True(await Remove(null) is PushOutcome.Pushed or PushOutcome.AlreadyThere);
        Assert.Equal("refs/heads/main", world.Git(world.Origin, "for-each-ref", "--format=%(refname)"));
    }

    [Fact]
    public async Task What_an_unheard_push_left_is_replaced_and_removed()
    {
        var (one, two) = await Two();
        await Save(one, null);
        Assert.IsType<PushOutcome.Pushed>(await Save(two, null));
        Assert.Equal(two, world.AtRemote());
        Assert.IsType<PushOutcome.Pushed>(await Remove(one));
        Assert.Null(world.AtRemote());
    }

    [Fact]
    public async Task A_run_that_has_lost_the_task_replaces_nothing()
    {
        var (one, two) = await Two();
        await Save(one, null);
        Assert.Equal(new PushOutcome.Moved(one), await Save(two, null, mine: false));
        Assert.Equal(new PushOutcome.Moved(one), await world.CheckpointRefs.Remove(world.Remote, GitWorld.Task, two, () => Task.FromResult(false)));
        Assert.Equal(one, world.AtRemote());
    }

    [Fact]
    public async Task A_server_that_refuses_is_heard_and_a_remote_that_is_gone_fails()
    {
        var (one, _) = await Two();
        await world.Hook("case $(cat) in *refs/ampx/*) echo 'no such refs here' >&2; exit 1;; esac");
        Assert.Contains("no such refs here", Assert.IsType<PushOutcome.Refused>(await Save(one, null)).Detail, StringComparison.Ordinal);
        Directory.Move(world.Origin, world.Origin + ".away");
        Assert.IsNotType<PushOutcome.Pushed>(await Save(one, null));
    }

    [Fact]
    public async Task A_server_that_keeps_what_it_has_says_so()
    {
        var (one, _) = await Two();
        await Save(one, null);
        await world.Hook("read old new name; case $new in 0000*) echo 'nothing is removed here' >&2; exit 1;; esac");
        Assert.IsType<PushOutcome.Refused>(await Remove(one));
        Assert.Equal(one, world.AtRemote());
    }

    [Fact]
    public async Task It_is_fetched_into_the_mirror_by_name_only()
    {
        var (one, _) = await Two();
        await Save(one, null);
        world.LoseMachine();
        await world.Mirrors.Fetch(world.Remote);
        Assert.False(await world.Mirrors.Has(world.Remote, one));
        Assert.Equal(one, await world.Mirrors.FetchCheckpoint(world.Remote, GitWorld.Task));
        Assert.Null(await world.Mirrors.FetchCheckpoint(world.Remote, GitWorld.Other));
        await world.Mirrors.Forget(world.Remote, GitWorld.Task);
        Assert.Equal("", world.Git(world.Mirrors.PathOf(world.Remote), "for-each-ref", "refs/ampx/"));
    }

    private async Task<(string One, string Two)> Two()
    {
        var workspace = await world.Take();
        world.Put(workspace, "half.txt", "1");
        var one = (await world.Snapshot())!.Sha;
        world.Put(workspace, "half.txt", "2");
        return (one, (await world.Snapshot())!.Sha);
    }

    private Task<PushOutcome> Save(string sha, string? last, bool mine = true) =>
        world.CheckpointRefs.Save(world.Remote, GitWorld.Task, sha, last, () => Task.FromResult(mine));

    private Task<PushOutcome> Remove(string? last) => world.CheckpointRefs.Remove(world.Remote, GitWorld.Task, last, () => Task.FromResult(true));
}
