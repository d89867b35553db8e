using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

/// <summary>A tree's files as a commit, while somebody else may be at work in it.</summary>
public sealed class SnapshotTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task Git_that_reads_a_tree_under_an_agents_hands_sees_nothing_else()
    {
        var (shown, own, outside) = (Folder("shown"), Folder("own"), Folder("outside"));
        foreach (var folder in (string[])[shown, outside]) File.WriteAllText(Path.Combine(folder, "file"), "x");
        GitCommand Hash(string folder) => new("hash-object", "--no-filters", "--", Path.Combine(folder, "file")) { View = new([shown], own) };
        Assert.True((await world.Runner.Try(Hash(shown))).Ok);
        Assert.True((await world.Runner.Try(Hash(outside) with { View = null })).Ok);
        Assert.Contains("No such file or directory", (await world.Runner.Try(Hash(outside))).Errors, StringComparison.Ordinal);

        string Folder(string name) => Directory.CreateDirectory(Path.Combine(world.Root, name)).FullName;
    }

    [Fact]
    public async Task It_has_every_file_that_a_commit_would_and_touches_nothing()
    {
        var workspace = await world.Take();
        world.Put(workspace, "new/deep.txt", "new");
        world.Put(workspace, "README.md", "changed\n");
        world.Put(workspace, "cache/x", "ignored");
        world.Put(workspace, "scratch.txt", "ignored here only");
        world.Put(workspace, ".git/info/exclude", "scratch.txt\n");
        world.InitAt(Directory.CreateDirectory(Path.Combine(workspace.Path, "nested")).FullName);
        world.Put(workspace, "nested/inner.txt", "of another repository");
        var before = Fingerprint(workspace);

        var snapshot = (await world.Snapshot())!;

        Assert.Equal([".gitignore", "README.md", "new/deep.txt"], world.Git(workspace.Mirror, "ls-tree", "-r", "--name-only", snapshot.Sha).Split('\n'));
        Assert.Equal("changed", world.Git(workspace.Mirror, "show", snapshot.Sha + ":README.md"));
        Assert.Equal(world.First, world.Git(workspace.Mirror, "rev-parse", snapshot.Sha + "^"));
        Assert.Equal($"Ampx-Task: {GitWorld.Task}\nAmpx-Run: run1", world.Git(workspace.Mirror, "log", "-1", "--format=%(trailers)", snapshot.Sha));
        Assert.Equal(before, Fingerprint(workspace));
        Assert.Equal(["index", "tree", "tree.json"], Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(workspace.Path)!).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Nothing_that_the_agent_wrote_into_its_git_folder_is_obeyed()
    {
        var canary = Path.Combine(world.Root, "canary");
        var workspace = await world.Take();
        world.Put(workspace, "work.txt", "work");
        foreach (var key in (string[])["core.fsmonitor", "core.sshCommand", "core.hooksPath", "filter.evil.clean", "filter.evil.process", "diff.external"])
            world.Git(workspace.Path, "config", key, $"touch {canary}");
        world.Put(workspace, ".git/info/attributes", "* filter=evil\n");
        world.Put(workspace, ".gitattributes", "* filter=evil\n");
        world.Put(workspace, ".git/index.lock", "");
        world.Put(workspace, ".git/index", "torn");
        world.Put(workspace, ".git/HEAD", "ref: refs/heads/nowhere\n");
        world.Put(workspace, ".git/commondir", world.Origin);

        var snapshot = (await world.Snapshot())!;

        Assert.False(File.Exists(canary));
        Assert.Equal("work", world.Git(workspace.Mirror, "show", snapshot.Sha + ":work.txt"));
    }

    [Fact]
    public async Task The_agents_own_commits_and_deletions_are_in_it()
    {
        var workspace = await world.Take();
        world.Put(workspace, "a.txt", "a");
        world.Git(workspace.Path, "add", "-A");
        world.Git(workspace.Path, "-c", "user.name=Agent", "-c", "user.email=agent@example.com", "commit", "-q", "-m", "agent");
        File.Delete(Path.Combine(workspace.Path, "README.md"));

        var snapshot = (await world.Snapshot())!;

        Assert.Equal([".gitignore", "a.txt"], world.Git(workspace.Mirror, "ls-tree", "-r", "--name-only", snapshot.Sha).Split('\n'));
        Assert.Equal(world.First, world.Git(workspace.Mirror, "rev-parse", snapshot.Sha + "^"));
    }

    [Fact]
    public async Task Where_nothing_has_changed_there_is_none()
    {
        var workspace = await world.Take();
        world.Put(workspace, "cache/x", "ignored");
        Assert.Null(await world.Snapshot());

        world.Put(workspace, "a.txt", "a");
        var first = (await world.Snapshot())!;
        world.Workspaces.Saved(GitWorld.Task, first.Files, ended: false);
        Assert.Null(await world.Snapshot());

        File.Delete(Path.Combine(workspace.Path, "a.txt"));
        Assert.NotNull(await world.Snapshot());
    }

    [Fact]
    public async Task One_that_could_not_be_brought_away_is_given_again_until_something_changes()
    {
        var workspace = await world.Take();
        world.Put(workspace, "a.txt", "a");
        var first = await world.Snapshot();
        world.Time.Advance(TimeSpan.FromHours(1));
        world.Restart();
        Assert.Equal(first, await world.Snapshot());
        world.Put(workspace, "a.txt", "b");
        Assert.NotEqual(first, await world.Snapshot());
    }

    [Fact]
    public async Task A_crashed_one_is_in_nobodys_way()
    {
        var workspace = await world.Take();
        world.Put(workspace, "a.txt", "a");
        var left = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(workspace.Path)!, "snapshot", ".git"));
        await File.WriteAllTextAsync(Path.Combine(left.FullName, "index.lock"), "");

        Assert.NotNull(await world.Snapshot());
        Assert.False(left.Exists && Directory.Exists(left.FullName));
    }

    private static string Fingerprint(Workspace workspace) => string.Join('\n', DiskFolder.Entries(new DirectoryInfo(workspace.Path))
        .Select(entry => $"{entry.FullName} {entry.LastWriteTimeUtc.Ticks} {(entry is FileInfo file ? file.Length : 0)}").Order());
}
