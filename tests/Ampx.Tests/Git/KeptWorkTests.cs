using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

/// <summary>Work that is nowhere else is given to nobody and removed by nothing.</summary>
public sealed class KeptWorkTests : IDisposable
{
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tree_with_unsaved_work_stays_the_tasks_also_after_a_restart(bool restarted)
    {
        var mine = await Worked();
        if (restarted) world.Restart();
        world.Workspaces.ReleaseAllBut(new HashSet<string>());
        world.Time.Advance(Month);

        Assert.NotEqual(mine.Path, (await world.Take(GitWorld.Other, GitWorld.OtherBranch)).Path);
        world.Workspaces.RemoveUnused(TimeSpan.FromMinutes(1));
        world.Workspaces.EnforceLimit(0);

        Assert.Equal([GitWorld.Task], world.Workspaces.Kept);
        Assert.Equal("half", await File.ReadAllTextAsync(Path.Combine(mine.Path, "half.txt")));
        Assert.Equal(mine.Path, (await world.Take()).Path);
        Assert.Empty(world.Workspaces.Kept); // a run has it
    }

    [Fact]
    public async Task Once_its_work_is_safe_a_tree_is_free()
    {
        var mine = await Worked();
        var snapshot = (await world.Snapshot())!;
        world.Workspaces.Saved(GitWorld.Task, snapshot.Files, ended: false);
        Assert.NotEmpty(world.Workspaces.Kept);
        world.Workspaces.Saved(GitWorld.Task, snapshot.Files, ended: true);
        Assert.Empty(world.Workspaces.Kept);
        Assert.Equal(mine.Path, (await world.Take(GitWorld.Other, GitWorld.OtherBranch)).Path);
        Assert.False(File.Exists(Path.Combine(mine.Path, "half.txt")));
    }

    [Fact]
    public async Task A_tree_whose_record_is_torn_is_left_alone_and_one_made_by_half_is_removed()
    {
        var mine = await Worked();
        var folder = Path.GetDirectoryName(mine.Path)!;
        await File.WriteAllTextAsync(Path.Combine(folder, "tree.json"), "");
        var half = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(folder)!, "7"));
        world.Restart();

        Assert.NotEqual(mine.Path, (await world.Take(GitWorld.Other, GitWorld.OtherBranch)).Path);
        world.Time.Advance(Month);
        world.Workspaces.RemoveUnused(TimeSpan.FromMinutes(1));
        Assert.True(File.Exists(Path.Combine(mine.Path, "half.txt")));
        Assert.False(Directory.Exists(half.FullName));
        Assert.Equal([folder], world.Workspaces.Torn());
        Directory.Delete(folder, recursive: true);
        Assert.Empty(world.Workspaces.Torn());
    }

    [Fact]
    public async Task A_mirror_goes_when_nobody_has_used_it_for_long_and_nobody_needs_it()
    {
        await world.Work();
        var mirror = world.Mirrors.PathOf(world.Remote);
        Task<bool> Go(string path, IReadOnlyCollection<string> tasks)
        {
            Assert.Equal((mirror, GitWorld.Task), (path, Assert.Single(tasks)));
            return Task.FromResult(true);
        }

        Assert.Contains(mirror, world.Workspaces.MirrorsInUse);
        await world.Mirrors.RemoveUnused(Month, Go);
        Assert.True(Directory.Exists(mirror));
        world.Time.Advance(Month + Month);
        await world.Mirrors.RemoveUnused(Month, (_, _) => Task.FromResult(false));
        Assert.True(Directory.Exists(mirror));
        await world.Mirrors.Fetch(world.Remote);
        await world.Mirrors.RemoveUnused(Month, Go);
        Assert.True(Directory.Exists(mirror));
        world.Time.Advance(Month + Month);
        await world.Mirrors.RemoveUnused(Month, Go);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(world.Data, "mirrors")));
        Assert.Equal(world.First, (await world.Mirrors.Fetch(world.Remote)).Heads["main"]);
    }

    [Fact]
    public async Task A_mirror_that_is_used_while_it_is_asked_about_stays()
    {
        await world.Mirrors.Fetch(world.Remote);
        world.Time.Advance(Month + Month);
        await world.Mirrors.RemoveUnused(Month, async (_, _) =>
        {
            await world.Mirrors.Fetch(world.Remote);
            return true;
        });
        Assert.True(Directory.Exists(world.Mirrors.PathOf(world.Remote)));
    }

    private async Task<Workspace> Worked()
    {
        var mine = await world.Take();
        world.Workspaces.BeginWork(GitWorld.Task);
        world.Put(mine, "half.txt", "half");
        world.Workspaces.Release(GitWorld.Task);
        return mine;
    }
}
