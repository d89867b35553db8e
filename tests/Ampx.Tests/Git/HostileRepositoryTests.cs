using System.Diagnostics;
using System.Text;
using Ampx.Core.Tasks;
using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

/// <summary>Repositories and working trees that were made to harm the service, whose own git works on them outside of any sandbox.</summary>
public sealed class HostileRepositoryTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(8);
    private readonly GitWorld world = new();
    private readonly Planted planted;

    public HostileRepositoryTests() => planted = new Planted(world.Root);

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task What_is_planted_runs_in_a_git_that_takes_no_care()
    {
        var workspace = await world.Take();
        planted.In(workspace.Path);
        world.Put(workspace, "work.txt", "work\n");
        GitWorld.TryGit(workspace.Path, "add", "-A");
        GitWorld.TryGit(workspace.Path, "hook", "run", "pre-commit");
        GitWorld.TryGit(workspace.Path, "ls-remote", "/x");
        Assert.Superset(new HashSet<string> { "core.fsmonitor", "filter.evil.process", "hook-pre-commit", "insteadOf" }, planted.HaveRun.ToHashSet());
    }

    [Fact]
    public async Task Nothing_planted_in_a_workspace_runs_on_the_way_to_the_remote_nor_in_the_next_task()
    {
        var workspace = await world.Take();
        await Step("snapshot", async () => Assert.NotNull(await world.Snapshot()));
        var snapshot = world.Git(workspace.Mirror, "rev-parse", RefName.OfCheckpoint(GitWorld.Task));
        await Step("checkpoint", async () => Assert.IsType<PushOutcome.Pushed>(await world.CheckpointRefs.Save(world.Remote, GitWorld.Task, snapshot, null, () => Task.FromResult(true))));
        await Step("continue", () => world.Take());
        var sha = "";
        await Step("commit", async () => sha = (await world.Commit(workspace)).Sha!);
        await Step("amend", async () =>
        {
            File.Delete(Path.Combine(workspace.Path, ".git", "config"));
            world.Git(workspace.Path, "-c", "user.name=x", "-c", "user.email=x@y", "-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "agent");
            planted.In(workspace.Path);
            sha = (await world.Commit(workspace, "run2")).Sha!;
        });
        await Step("push", async () => Assert.IsType<PushOutcome.Pushed>(await world.Pushes.Push(world.Remote, GitWorld.Branch, sha, null, GitWorld.Task)));
        await Step("diff", async () => Assert.Contains("work.txt", (await world.Changes.Diff(world.Remote, world.First, sha)).Text, StringComparison.Ordinal));
        await Step("files", async () => Assert.NotEmpty(await world.Changes.Files(world.Remote, world.First, sha)));
        var ci = Path.Combine(world.Root, "ci");
        await Step("clean checkout", () => world.Changes.CheckOutClean(world.Remote, sha, ci));
        await Step("merge", async () => Assert.IsType<LocalMergeOutcome.Merged>(await world.LocalMerge.Merge(
            new LocalMergeOrder(world.Remote, GitWorld.Branch, "main", sha, MergeMethod.Rebase, "Merged", GitWorld.Task, "ampx", "ampx@localhost"))));
        world.Workspaces.Release(GitWorld.Task);
        await Step("another task", () => world.Take(GitWorld.Other, GitWorld.OtherBranch));
        Assert.Equal("work\n", await File.ReadAllTextAsync(Path.Combine(ci, "work.txt")));

        async Task Step(string what, Func<Task> act)
        {
            planted.In(workspace.Path);
            world.Put(workspace, "work.txt", "work\n");
            await act();
            Assert.True(!planted.HaveRun.Any(), $"{what}: {string.Join(", ", planted.HaveRun)}");
        }
    }

    [Theory]
    [InlineData("index")]
    [InlineData("HEAD")]
    [InlineData("packed-refs")]
    [InlineData("info/exclude")]
    [InlineData("info/attributes")]
    [InlineData("MERGE_HEAD")]
    [InlineData("refs/heads/x")]
    [InlineData("../.gitignore")]
    [InlineData("../.gitattributes")]
    [InlineData("../deep/.gitignore")]
    [InlineData("../README.md")]
    [InlineData("../untracked")]
    [InlineData("../.git")]
    public async Task A_pipe_in_place_of_a_file_holds_nobody_up(string name)
    {
        var workspace = await world.Take();
        world.Put(workspace, "deep/work.txt", "work\n");
        var path = Path.GetFullPath(Path.Combine(workspace.Path, ".git", name));
        Pipe();
        using var limit = new CancellationTokenSource(Soon);
        await Record.ExceptionAsync(() => world.Workspaces.Snapshot(new CommitOrder("x", GitWorld.Task, "run1", "ampx", "ampx@localhost"), limit.Token).WaitAsync(limit.Token));
        Assert.False(limit.IsCancellationRequested, "the snapshot hangs");
        Pipe();
        var sha = (await world.Commits.Commit(workspace, new CommitOrder("x", GitWorld.Task, "run1", "ampx", "ampx@localhost"), limit.Token).WaitAsync(limit.Token)).Sha!;
        Assert.Equal("work\n", world.Git(workspace.Mirror, "show", sha + ":deep/work.txt") + "\n");
        world.Workspaces.Release(GitWorld.Task);
        Pipe();
        var next = await world.Workspaces.Take(world.Request(GitWorld.Other, GitWorld.OtherBranch), limit.Token).WaitAsync(limit.Token);
        Assert.Equal([".git", ".gitignore", "README.md"], Directory.EnumerateFileSystemEntries(next.Path).Select(Path.GetFileName).Order());

        void Pipe()
        {
            DiskFolder.Delete(path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Run("mkfifo", path);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("../")]
    [InlineData("deep/../../")]
    public async Task An_index_that_names_a_file_outside_reads_nothing_there(string way)
    {
        var workspace = await world.Take();
        var secret = Path.Combine(Path.GetDirectoryName(workspace.Path)!, "secret");
        await File.WriteAllTextAsync(secret, "token\n");
        world.Put(workspace, "deep/work.txt", "work\n");
        var name = way.Length == 0 ? secret : way + "secret";
        await File.WriteAllBytesAsync(Path.Combine(workspace.Path, ".git", "index"), Index(name));
        var sha = (await world.Commit(workspace)).Sha!;
        Assert.Equal([".gitignore", "README.md", "deep/work.txt"], world.Git(workspace.Mirror, "ls-tree", "-r", "--name-only", sha).Split('\n'));
        var token = world.Git(world.Root, "hash-object", secret);
        Assert.NotEqual(0, GitWorld.TryGit(workspace.Mirror, "cat-file", "-e", token).ExitCode);
        Assert.NotEqual(0, GitWorld.TryGit(workspace.Path, "cat-file", "-e", token).ExitCode);
    }

    [Fact]
    public async Task Filters_and_drivers_of_the_services_user_are_not_called_by_a_strangers_attributes()
    {
        var home = Directory.CreateDirectory(Path.Combine(world.Root, "home")).FullName;
        await File.WriteAllTextAsync(Path.Combine(home, ".gitconfig"), $"[filter \"lfs\"]\n\tclean = {planted.Leaving("lfs")}\n\trequired = true\n");
        var workspace = await world.Take();
        world.Put(workspace, ".gitattributes", "* filter=lfs\n");
        var add = new GitCommand("add", "-A") { GitDir = Path.Combine(workspace.Path, ".git"), WorkTree = workspace.Path, Environment = new Dictionary<string, string> { ["HOME"] = home } };
        await world.Runner.Run(add);
        Assert.Empty(planted.HaveRun);
    }

    [Theory]
    [InlineData(".git")]
    [InlineData(".GIT")]
    [InlineData("git~1")]
    [InlineData("..")]
    public async Task A_remotes_tree_that_reaches_into_the_repository_or_out_of_the_tree_is_not_laid_out(string name)
    {
        var blob = world.Git(world.Origin, "rev-parse", "main:README.md");
        var inner = Tree("config", blob, "100644");
        Commit(Tree(name, inner, "40000"));
        await Assert.ThrowsAsync<GitException>(() => world.Take());
        Assert.DoesNotContain(Directory.EnumerateFiles(world.Data, "config", SearchOption.AllDirectories), file => File.ReadAllText(file) == "hello\n");
    }

    [Fact]
    public async Task A_tree_of_more_files_than_memory_holds_is_not_laid_out()
    {
        var tree = Tree("x", world.Git(world.Origin, "rev-parse", "main:README.md"), "100644");
        for (var depth = 0; depth < 10; depth++) tree = Tree(Enumerable.Range(0, 10).Select(i => ($"d{i}", tree, "40000")));
        Commit(tree);
        world.Limits.MemoryLimit = "200 MiB";
        var refused = await Assert.ThrowsAsync<GitException>(() => world.Take());
        Assert.Contains("it took more than 200 MiB of memory (Git:MemoryLimit)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_few_bytes_that_stand_for_a_full_disk_are_not_laid_out()
    {
        var zeros = Path.Combine(world.Root, "zeros");
        using (var file = File.Create(zeros)) file.SetLength(64 << 20);
        var blob = world.Git(world.Origin, "hash-object", "-w", zeros);
        Commit(Tree(Enumerable.Range(0, 300).Select(i => ($"f{i:D3}", blob, "100644"))));
        world.Limits.SizeLimit = "100 MiB";
        var refused = await Assert.ThrowsAsync<GitException>(() => world.Take());
        Assert.Contains("it wrote more than 100 MiB (Git:SizeLimit)", refused.Message, StringComparison.Ordinal);
        Assert.InRange(DiskFolder.Size(Path.Combine(world.Data, "workspaces")), 0, 100 << 20);
    }

    [Fact]
    public async Task A_remote_that_sends_without_end_is_given_up_and_leaves_nothing()
    {
        await world.Take();
        var noise = Path.Combine(world.Root, "noise");
        var bytes = new byte[1 << 20];
        await using (var file = File.Create(noise))
            for (var i = 0; i < 400; i++)
            {
                Random.Shared.NextBytes(bytes);
                await file.WriteAsync(bytes);
            }

        Commit(Tree("noise", world.Git(world.Origin, "-c", "core.compression=0", "hash-object", "-w", noise), "100644"));
        world.Limits.SizeLimit = "10 MiB";
        var refused = await Assert.ThrowsAsync<RemoteException>(() => world.Mirrors.Fetch(world.Remote));
        Assert.Equal("clone_failed", refused.Code);
        Assert.Contains("it wrote more than 10 MiB (Git:SizeLimit)", refused.Message, StringComparison.Ordinal);
        Assert.InRange(DiskFolder.Size(world.Mirrors.PathOf(world.Remote)), 0, 10 << 20);
    }

    [Fact]
    public async Task A_remote_that_never_answers_is_left_at_the_time_limit()
    {
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        var address = $"http://{silent.LocalEndpoint}/o/r.git";
        var fetch = new GitCommand("ls-remote", "--", address) { Remote = new GitRemote(address), TimeLimit = TimeSpan.FromMilliseconds(300) };
        var late = await Assert.ThrowsAsync<GitException>(() => world.Runner.Run(fetch).WaitAsync(Soon));
        Assert.Equal(GitException.TimedOut, late.ExitCode);
    }

    [Fact]
    public async Task Replaced_commits_and_grafts_change_nothing_of_what_is_pushed()
    {
        var workspace = await world.Take();
        world.Put(workspace, "work.txt", "work\n");
        var tree = world.Git(workspace.Path, "rev-parse", "HEAD^{tree}");
        var other = world.Git(workspace.Path, "-c", "user.name=x", "-c", "user.email=x@y", "commit-tree", "-m", "other", tree);
        world.Git(workspace.Path, "replace", world.First, other);
        world.Put(workspace, ".git/info/grafts", $"{world.First} {other}\n");
        world.Put(workspace, ".git/shallow", world.First + "\n");
        var sha = (await world.Commit(workspace)).Sha!;
        Assert.Equal(world.First, world.Git(workspace.Mirror, "--no-replace-objects", "rev-list", "--parents", "-1", sha).Split(' ')[1]);
        Assert.Equal("", world.Git(workspace.Mirror, "replace", "--list"));
    }

    /// <summary>A tree of one entry, whatever its name.</summary>
    private string Tree(string name, string sha, string mode) => Tree([(name, sha, mode)]);

    private string Tree(IEnumerable<(string Name, string Sha, string Mode)> entries)
    {
        var file = Path.Combine(world.Root, "tree-object");
        File.WriteAllBytes(file, [.. entries.SelectMany(entry => Encoding.UTF8.GetBytes($"{entry.Mode} {entry.Name}\0").Concat(Convert.FromHexString(entry.Sha)))]);
        return world.Git(world.Origin, "hash-object", "-w", "--literally", "-t", "tree", file);
    }

    /// <summary>Puts it on the remote's main branch.</summary>
    private void Commit(string tree) =>
        world.Git(world.Origin, "update-ref", "refs/heads/main", world.Git(world.Origin, "-c", "user.name=x", "-c", "user.email=x@y", "commit-tree", "-m", "evil", tree));

    /// <summary>An index of one entry whose file has changed.</summary>
    private static byte[] Index(string path)
    {
        var name = Encoding.UTF8.GetBytes(path);
        var entry = new byte[62 + name.Length + 8 - ((62 + name.Length) % 8)];
        entry[26] = 0x81;
        entry[27] = 0xA4;
        entry[61] = (byte)name.Length;
        name.CopyTo(entry, 62);
        byte[] body = [.. "DIRC"u8, 0, 0, 0, 2, 0, 0, 0, 1, .. entry];
#pragma warning disable CA5350 // git's own
        return [.. body, .. System.Security.Cryptography.SHA1.HashData(body)];
#pragma warning restore CA5350
    }

    [Theory]
    [InlineData("objects")]
    [InlineData("index")]
    [InlineData("commit-graph")]
    [InlineData("refs")]
    public async Task A_damaged_repository_still_gives_its_files(string part)
    {
        var workspace = await world.Take();
        world.Put(workspace, "work.txt", "work\n");
        var git = Path.Combine(workspace.Path, ".git");
        world.Git(workspace.Path, "add", "-A");
        world.Git(workspace.Path, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "-m", "agent");
        switch (part)
        {
            case "objects":
                foreach (var file in Directory.EnumerateFiles(Path.Combine(git, "objects"), "*", SearchOption.AllDirectories).Where(f => !f.Contains("info", StringComparison.Ordinal)))
                {
                    File.SetAttributes(file, FileAttributes.Normal);
                    await File.WriteAllTextAsync(file, "rubbish");
                }

                break;
            case "index":
                await File.WriteAllBytesAsync(Path.Combine(git, "index"), [.. "DIRC"u8, 0, 0, 0, 9]);
                break;
            case "commit-graph":
                await File.WriteAllTextAsync(Path.Combine(git, "objects", "info", "commit-graph"), "CGPHrubbish");
                break;
            default:
                await File.WriteAllTextAsync(Path.Combine(git, "packed-refs"), "rubbish\n\0\n");
                File.Delete(Path.Combine(git, "refs", "heads", GitWorld.Branch));
                Directory.CreateDirectory(Path.Combine(git, "refs", "heads", GitWorld.Branch, "in-the-way"));
                break;
        }

        var sha = (await world.Commit(workspace)).Sha!;
        Assert.Equal("work", world.Git(workspace.Mirror, "show", sha + ":work.txt"));
        Assert.Equal(0, GitWorld.TryGit(workspace.Mirror, "fsck", "--connectivity-only", sha).ExitCode);
    }

    [Fact]
    public async Task A_tree_that_is_deep_locked_or_oddly_named_is_measured_emptied_and_removed()
    {
        var workspace = await world.Take();
        Run("sh", "-c", """
            cd "$1" && mkdir locked && touch locked/x && chmod 0 locked
            touch "$(printf 'latin-\351')" "$(printf 'a\nb')" -- -x && mkdir "$(printf 'folder-\351')" && touch "$(printf 'folder-\351/x')"
            name=$(printf 'd%.0s' $(seq 200)); for i in $(seq 40); do mkdir $name && cd -P $name || exit 1; done
            """, "sh", workspace.Path);
        var sha = (await world.Commit(workspace)).Sha!;
        Assert.Contains("folder-", world.Git(workspace.Mirror, "ls-tree", "-r", "--name-only", sha), StringComparison.Ordinal);
        world.Workspaces.Release(GitWorld.Task);
        var next = await world.Take(GitWorld.Other, GitWorld.OtherBranch);
        Assert.Equal([".git", ".gitignore", "README.md"], Directory.EnumerateFileSystemEntries(next.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("deep", """name=$(printf 'd%.0s' $(seq 200)); for i in $(seq 40); do mkdir $name && cd -P $name || exit 1; done""")]
    [InlineData("locked", "mkdir -p locked/inner; touch locked/inner/x; chmod 0 locked/inner locked")]
    [InlineData("odd", "mkdir \"$(printf 'f-\\351')\" && touch \"$(printf 'f-\\351/\\351')\" \"$(printf '\\351')\"")]
    public void Whatever_a_folder_holds_it_can_be_removed(string what, string script)
    {
        var folder = Directory.CreateDirectory(Path.Combine(world.Root, what)).FullName;
        Run("sh", "-c", "cd \"$1\"\n" + script, "sh", folder);
        Assert.True(DiskFolder.Size(folder) >= 0);
        DiskFolder.Delete(folder);
        Assert.False(Directory.Exists(folder));
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: {errors}");
    }
}
