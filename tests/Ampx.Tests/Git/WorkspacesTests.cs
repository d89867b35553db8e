using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

public sealed class WorkspacesTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_new_task_starts_from_the_default_branch()
    {
        var workspace = await world.Take();

        Assert.Equal(("main", world.First, world.First, null), (workspace.Base, workspace.BaseSha, workspace.StartSha, workspace.RemoteSha));
        Assert.Equal("hello\n", await File.ReadAllTextAsync(Path.Combine(workspace.Path, "README.md")));
        Assert.Equal("refs/heads/" + GitWorld.Branch, world.Git(workspace.Path, "symbolic-ref", "HEAD"));
        Assert.Equal("", world.Git(workspace.Path, "status", "--porcelain"));
        Assert.Equal(world.First, world.Git(workspace.Path, "rev-parse", "origin/main"));
    }

    [Fact]
    public async Task The_same_task_finds_its_work_again_also_after_a_restart()
    {
        var first = await world.Take();
        await File.WriteAllTextAsync(Path.Combine(first.Path, "half.txt"), "half");
        Directory.CreateDirectory(Path.Combine(first.Path, "cache"));
        world.Restart();

        Assert.Equal(first, world.Workspaces.Find(GitWorld.Task));
        var again = await world.Take();

        Assert.Equal(first, again);
        Assert.True(File.Exists(Path.Combine(again.Path, "half.txt")));
        Assert.True(Directory.Exists(Path.Combine(again.Path, "cache")));
    }

    [Fact]
    public async Task A_held_tree_is_not_given_to_another_task_and_a_released_one_is()
    {
        var mine = await world.Take();
        var others = await world.Take(GitWorld.Other, GitWorld.OtherBranch);
        Assert.NotEqual(mine.Path, others.Path);

        world.Workspaces.Release(GitWorld.Task);
        world.Restart();
        var third = await world.Take("01TASKCCCC", "amp/third");
        Assert.Equal(mine.Path, third.Path);
    }

    [Fact]
    public async Task Trees_are_never_shared_over_owners()
    {
        var mine = await world.Take();
        world.Workspaces.Release(GitWorld.Task);
        var others = await world.Workspaces.Take(world.Request(GitWorld.Other, GitWorld.OtherBranch, owner: "bob"));
        Assert.NotEqual(mine.Path, others.Path);
    }

    [Fact]
    public async Task Another_task_finds_nothing_of_the_last_one()
    {
        var canary = Path.Combine(world.Root, "canary");
        var mine = await world.Take();
        var git = Path.Combine(mine.Path, ".git");
        await File.WriteAllTextAsync(Path.Combine(mine.Path, "README.md"), "bye!!\n");
        world.Git(mine.Path, "update-index", "--skip-worktree", "README.md");
        File.SetLastWriteTimeUtc(Path.Combine(mine.Path, "README.md"), DateTime.UnixEpoch);
        await File.WriteAllTextAsync(Path.Combine(mine.Path, "stray.txt"), "x");
        Directory.CreateDirectory(Path.Combine(mine.Path, "cache", "deep"));
        await File.WriteAllTextAsync(Path.Combine(mine.Path, "cache", "deep", "x"), "x");
        Directory.CreateDirectory(Path.Combine(mine.Path, "nested"));
        world.InitAt(Path.Combine(mine.Path, "nested"));
        world.Git(mine.Path, "branch", "secret");
        world.Git(mine.Path, "config", "core.fsmonitor", $"touch {canary}; false");
        world.Git(mine.Path, "config", "core.sshCommand", $"touch {canary}");
        world.Git(mine.Path, "config", "filter.evil.smudge", $"touch {canary}");
        Directory.CreateDirectory(Path.Combine(git, "hooks"));
        await WriteProgram(Path.Combine(git, "hooks", "post-checkout"), $"touch {canary}");
        await File.WriteAllTextAsync(Path.Combine(git, "info", "attributes"), "* filter=evil\n");
        await File.WriteAllTextAsync(Path.Combine(git, "index.lock"), "");
        world.Workspaces.Release(GitWorld.Task);

        var next = await world.Take(GitWorld.Other, GitWorld.OtherBranch);

        Assert.Equal(mine.Path, next.Path);
        Assert.False(File.Exists(canary));
        Assert.Equal("hello\n", await File.ReadAllTextAsync(Path.Combine(next.Path, "README.md")));
        Assert.Equal([".git", ".gitignore", "README.md"], Directory.EnumerateFileSystemEntries(next.Path).Select(Path.GetFileName).Order());
        Assert.False(Directory.Exists(Path.Combine(git, "hooks")));
        Assert.False(File.Exists(Path.Combine(git, "info", "attributes")));
        Assert.DoesNotContain("canary", await File.ReadAllTextAsync(Path.Combine(git, "config")), StringComparison.Ordinal);
        Assert.Equal(["refs/heads/" + GitWorld.OtherBranch, "refs/remotes/origin/main"], world.Git(next.Path, "for-each-ref", "--format=%(refname)").Split('\n'));
        Assert.Equal("", world.Git(next.Path, "status", "--porcelain", "--ignored"));
    }

    [Fact]
    public async Task Links_out_of_a_tree_are_removed_and_not_followed()
    {
        var outside = Path.Combine(world.Root, "outside");
        Directory.CreateDirectory(outside);
        await File.WriteAllTextAsync(Path.Combine(outside, "config"), "precious");
        var mine = await world.Take();
        Directory.Delete(Path.Combine(mine.Path, ".git"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(mine.Path, ".git"), outside);
        Directory.CreateSymbolicLink(Path.Combine(mine.Path, "link"), outside);
        world.Workspaces.Release(GitWorld.Task);

        await world.Take(GitWorld.Other, GitWorld.OtherBranch);

        Assert.Equal("precious", await File.ReadAllTextAsync(Path.Combine(outside, "config")));
        Assert.Equal(["config"], Directory.EnumerateFileSystemEntries(outside).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_tree_prepared_by_half_is_prepared_again()
    {
        var mine = await world.Take();
        var record = Path.Combine(Path.GetDirectoryName(mine.Path)!, "tree.json");
        var json = System.Text.Json.Nodes.JsonNode.Parse(await File.ReadAllTextAsync(record))!;
        json["Ready"] = null;
        await File.WriteAllTextAsync(record, json.ToJsonString());
        Directory.Delete(Path.Combine(mine.Path, ".git"), recursive: true);
        await File.WriteAllTextAsync(Path.Combine(mine.Path, "README.md"), "torn");
        world.Restart();

        Assert.Null(world.Workspaces.Find(GitWorld.Task));
        Assert.Equal(mine, await world.Take());
        Assert.Equal("hello\n", await File.ReadAllTextAsync(Path.Combine(mine.Path, "README.md")));
    }

    [Fact]
    public async Task A_next_run_starts_from_a_persons_commit_and_keeps_build_caches()
    {
        var (workspace, sha) = await world.Work();
        await world.Pushes.Push(world.Remote, GitWorld.Branch, sha, null, GitWorld.Task);
        Directory.CreateDirectory(Path.Combine(workspace.Path, "cache"));
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "stray.txt"), "x");
        world.Workspaces.Release(GitWorld.Task);
        world.Git(world.Person, "fetch", "-q", "origin");
        world.Git(world.Person, "checkout", "-q", "-b", "theirs", "origin/" + GitWorld.Branch);
        world.Write("person.txt", "mine");
        var theirs = world.SaveAndPush("by hand", GitWorld.Branch);

        var next = await world.Workspaces.Take(world.Request() with { HeadSha = sha, RemoteSha = sha });

        Assert.Equal((theirs, theirs, workspace.Path), (next.StartSha, next.RemoteSha, next.Path));
        Assert.True(File.Exists(Path.Combine(next.Path, "person.txt")));
        Assert.True(Directory.Exists(Path.Combine(next.Path, "cache")));
        Assert.False(File.Exists(Path.Combine(next.Path, "stray.txt")));
    }

    [Fact]
    public async Task A_commit_that_was_never_pushed_is_where_the_next_run_starts()
    {
        var (workspace, sha) = await world.Work();
        DiskFolder.Delete(Path.GetDirectoryName(workspace.Path)!);
        world.Restart();

        var next = await world.Workspaces.Take(world.Request() with { HeadSha = sha });

        Assert.Equal((sha, null), (next.StartSha, next.RemoteSha));
        Assert.True(File.Exists(Path.Combine(next.Path, "work.txt")));
    }

    [Fact]
    public async Task A_checkpoint_on_top_of_the_pushed_commit_is_not_lost_and_a_person_going_back_is_respected()
    {
        var (workspace, pushed) = await world.Work();
        await world.Pushes.Push(world.Remote, GitWorld.Branch, pushed, null, GitWorld.Task);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "more.txt"), "more");
        var checkpoint = (await world.Commit(workspace, "run2")).Sha!;
        var request = world.Request() with { HeadSha = checkpoint, RemoteSha = pushed };

        Assert.Equal(checkpoint, (await world.Workspaces.Take(request)).StartSha);

        world.Git(world.Person, "push", "-q", "-f", "origin", $"{world.First}:refs/heads/{GitWorld.Branch}");
        Assert.Equal(world.First, (await world.Workspaces.Take(request)).StartSha);
    }

    [Fact]
    public async Task A_refused_commits_changes_are_laid_out_uncommitted_even_if_the_base_moved_on()
    {
        var (_, sha) = await world.Work("secret.txt", "key");
        world.Write("README.md", "newer\n");
        var moved = world.SaveAndPush("base moves");

        var next = await world.Workspaces.Take(world.Request() with { HeadSha = sha, RejectedSha = sha });

        Assert.Equal((world.First, moved), (next.StartSha, next.BaseSha));
        Assert.Equal("A  secret.txt", world.Git(next.Path, "status", "--porcelain"));
    }

    [Theory]
    [InlineData("nowhere", "branch_not_found")]
    [InlineData("--upload-pack=touch /tmp/x", "branch_not_found")]
    public async Task An_unknown_base_is_a_fact(string name, string code)
    {
        var failure = await Assert.ThrowsAsync<RemoteException>(() => world.Workspaces.Take(world.Request() with { Base = name }));
        Assert.Equal(code, failure.Code);
    }

    [Fact]
    public async Task The_disk_limit_takes_the_longest_unused_free_tree_first()
    {
        var old = await world.Take();
        var young = await world.Take(GitWorld.Other, GitWorld.OtherBranch);
        var held = await world.Take("01TASKCCCC", "amp/third");
        world.Workspaces.Release(GitWorld.Task);
        world.Time.Advance(TimeSpan.FromHours(1));
        world.Workspaces.Release(GitWorld.Other);

        world.Workspaces.RemoveUnused(TimeSpan.FromMinutes(30));
        Assert.False(Directory.Exists(old.Path));
        Assert.True(Directory.Exists(young.Path));

        world.Workspaces.EnforceLimit(long.MaxValue);
        Assert.True(Directory.Exists(young.Path));
        world.Workspaces.EnforceLimit(0);
        Assert.False(Directory.Exists(young.Path));
        Assert.True(Directory.Exists(held.Path));
    }

    [Fact]
    public async Task Eight_tasks_at_once_get_eight_trees_and_one_mirror()
    {
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => world.Take($"01TASK{n}", $"amp/t{n}")));
        Assert.Equal(8, all.Select(w => w.Path).Distinct().Count());
        Assert.Single(Directory.EnumerateDirectories(Path.Combine(world.Data, "mirrors")));
    }

    private static async Task WriteProgram(string path, string line)
    {
        await File.WriteAllTextAsync(path, "#!/bin/sh\n" + line + "\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
