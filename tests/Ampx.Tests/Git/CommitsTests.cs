using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

public sealed class CommitsTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_change_becomes_one_commit_with_trailers_in_the_tree_and_in_the_mirror()
    {
        var (workspace, sha) = await world.Work();

        Assert.Equal($"Fix it\n\nAmpx-Task: {GitWorld.Task}\nAmpx-Run: run1", world.Git(workspace.Path, "log", "-1", "--format=%B"));
        Assert.Equal(world.First, world.Git(workspace.Path, "rev-parse", "HEAD^"));
        Assert.Equal(sha, world.Git(workspace.Mirror, "rev-parse", "refs/ampx/" + GitWorld.Task));
        Assert.Equal("", world.Git(workspace.Path, "status", "--porcelain"));
    }

    [Fact]
    public async Task Committing_again_after_a_crash_gives_the_same_commit()
    {
        var (workspace, sha) = await world.Work();
        world.Restart();
        Assert.Equal(sha, (await world.Commit(workspace)).Sha);
    }

    [Fact]
    public async Task Ignored_files_alone_are_no_change()
    {
        var workspace = await world.Take();
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "build.log"), "x");
        Assert.Null((await world.Commit(workspace)).Sha);
    }

    [Fact]
    public async Task The_agents_own_commits_are_kept_and_the_tip_gets_the_trailers()
    {
        var workspace = await world.Take();
        AsAgent(workspace);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "a"), "a");
        world.Git(workspace.Path, "add", "-A");
        world.Git(workspace.Path, "commit", "-q", "-m", "agent one");
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "b"), "b");
        world.Git(workspace.Path, "add", "-A");
        world.Git(workspace.Path, "commit", "-q", "--date=2020-01-02T03:04:05+02:00", "-m", "agent two\n\nBody.\n\nAmp-Thread-ID: T-1");

        var sha = (await world.Commit(workspace)).Sha!;

        Assert.Equal(
            $"agent two\n\nBody.\n\nAmp-Thread-ID: T-1\nAmpx-Task: {GitWorld.Task}\nAmpx-Run: run1",
            world.Git(workspace.Path, "log", "-1", "--format=%B", sha));
        Assert.Equal("Agent 2020-01-02T03:04:05+02:00", world.Git(workspace.Path, "log", "-1", "--format=%an %aI", sha));
        Assert.Equal("agent one", world.Git(workspace.Path, "log", "-1", "--format=%s", sha + "^"));
        Assert.Equal(sha, (await world.Commit(workspace)).Sha);
    }

    [Theory]
    [InlineData("checkout -q -b elsewhere")]
    [InlineData("checkout -q --detach")]
    [InlineData("checkout -q --orphan alone")]
    [InlineData("branch -M gone")]
    [InlineData("reset -q --soft HEAD")]
    public async Task Whatever_the_agent_did_to_HEAD_its_files_are_committed_on_the_tasks_branch(string command)
    {
        var workspace = await world.Take();
        world.Git(workspace.Path, command.Split(' '));
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "work.txt"), "done");
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, ".git", "index.lock"), "");

        var sha = (await world.Commit(workspace)).Sha;

        Assert.Equal(sha, world.Git(workspace.Path, "rev-parse", "refs/heads/" + GitWorld.Branch));
        Assert.Equal("refs/heads/" + GitWorld.Branch, world.Git(workspace.Path, "symbolic-ref", "HEAD"));
        Assert.Equal(world.First, world.Git(workspace.Path, "rev-parse", "HEAD^"));
        Assert.Equal("work.txt", world.Git(workspace.Path, "diff", "--name-only", "HEAD^", "HEAD"));
    }

    [Fact]
    public async Task A_removed_or_broken_repository_still_gives_the_change()
    {
        var workspace = await world.Take();
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "work.txt"), "done");
        Directory.Delete(Path.Combine(workspace.Path, ".git"), recursive: true);
        var sha = (await world.Commit(workspace)).Sha;
        Assert.Equal("work.txt", world.Git(workspace.Path, "diff", "--name-only", world.First, sha!));

        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "more.txt"), "more");
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, ".git", "index"), "rubbish");
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, ".git", "HEAD"), "rubbish");
        var next = (await world.Commit(workspace, "run2")).Sha;
        Assert.Equal("more.txt\nwork.txt", world.Git(workspace.Path, "diff", "--name-only", world.First, next!));
    }

    [Fact]
    public async Task A_merge_left_in_conflict_is_committed_as_it_lies_there()
    {
        var workspace = await world.Take();
        AsAgent(workspace);
        world.Git(workspace.Path, "checkout", "-q", "-b", "side");
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "README.md"), "side\n");
        world.Git(workspace.Path, "commit", "-qam", "side");
        world.Git(workspace.Path, "checkout", "-q", GitWorld.Branch);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "README.md"), "main\n");
        world.Git(workspace.Path, "commit", "-qam", "main");
        Assert.NotEqual(0, GitWorld.TryGit(workspace.Path, "merge", "side").ExitCode);

        var sha = (await world.Commit(workspace)).Sha!;

        Assert.Equal(3, world.Git(workspace.Path, "rev-list", "--parents", "-1", sha).Split(' ').Length);
        Assert.False(File.Exists(Path.Combine(workspace.Path, ".git", "MERGE_HEAD")));
        Assert.Equal(sha, (await world.Commit(workspace)).Sha);
    }

    [Fact]
    public async Task A_rewritten_history_becomes_a_commit_on_top_of_what_is_there()
    {
        var workspace = await world.Take();
        AsAgent(workspace);
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "work.txt"), "done");
        world.Git(workspace.Path, "add", "-A");
        world.Git(workspace.Path, "commit", "-q", "--amend", "-m", "rewritten");

        var sha = (await world.Commit(workspace)).Sha!;

        Assert.Equal(world.First, world.Git(workspace.Path, "rev-parse", sha + "^"));
        Assert.Equal("Fix it", world.Git(workspace.Path, "log", "-1", "--format=%s", sha));
    }

    [Fact]
    public async Task Planted_settings_hooks_and_nested_repositories_run_nothing()
    {
        var canary = Path.Combine(world.Root, "canary");
        var workspace = await world.Take();
        world.Git(workspace.Path, "config", "core.fsmonitor", $"touch {canary}; false");
        world.Git(workspace.Path, "config", "filter.evil.clean", $"touch {canary}; cat");
        world.Git(workspace.Path, "config", "core.hooksPath", "hooks");
        world.Git(workspace.Path, "config", "gpg.program", $"touch {canary}");
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, ".gitattributes"), "*.txt filter=evil\n");
        await File.WriteAllTextAsync(Path.Combine(workspace.Path, "work.txt"), "done");
        foreach (var nested in (string[])["empty", "full"])
        {
            var folder = Path.Combine(workspace.Path, nested);
            Directory.CreateDirectory(folder);
            world.InitAt(folder);
            world.Git(folder, "config", "core.fsmonitor", $"touch {canary}; false");
            if (nested == "full") world.Git(folder, "-c", "core.fsmonitor=false", "commit", "-q", "--allow-empty", "-m", "x");
        }

        var sha = (await world.Commit(workspace)).Sha!;

        Assert.False(File.Exists(canary));
        Assert.Equal(".gitattributes\nwork.txt", world.Git(workspace.Mirror, "diff", "--name-only", world.First, sha));
    }

    [Fact]
    public async Task A_submodule_is_moved_by_its_commit_alone_and_never_run_in()
    {
        var canary = Path.Combine(world.Root, "canary");
        world.Git(world.Person, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", world.Origin, "sub");
        world.SaveAndPush("with a submodule");
        var workspace = await world.Take();
        var sub = Path.Combine(workspace.Path, "sub");
        world.InitAt(sub);
        world.Git(sub, "commit", "-q", "--allow-empty", "-m", "bump");
        world.Git(sub, "config", "core.fsmonitor", $"touch {canary}; false");
        await File.WriteAllTextAsync(Path.Combine(sub, "left"), "x");

        var sha = (await world.Commit(workspace)).Sha!;

        Assert.False(File.Exists(canary));
        Assert.Equal("sub", world.Git(workspace.Mirror, "diff", "--name-only", workspace.StartSha, sha));
        world.Workspaces.Release(GitWorld.Task);
        var next = await world.Take(GitWorld.Other, GitWorld.OtherBranch);
        Assert.Equal(workspace.Path, next.Path);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(next.Path, "sub")));
    }

    [Fact]
    public async Task A_second_commit_of_a_task_stands_on_the_first()
    {
        var (workspace, first) = await world.Work();
        await world.Pushes.Push(world.Remote, GitWorld.Branch, first, null, GitWorld.Task);
        world.Workspaces.Release(GitWorld.Task);
        var again = await world.Workspaces.Take(world.Request() with { HeadSha = first, RemoteSha = first });
        await File.WriteAllTextAsync(Path.Combine(again.Path, "more.txt"), "more");
        var second = (await world.Commit(again, "run2")).Sha!;
        Assert.Equal((workspace.Path, first), (again.Path, world.Git(again.Path, "rev-parse", second + "^")));
        Assert.IsType<PushOutcome.Pushed>(await world.Pushes.Push(world.Remote, GitWorld.Branch, second, first, GitWorld.Task));
    }

    [Theory]
    [InlineData("", "Task x")]
    [InlineData("\n\n  Fix\tthe \u001b[31mbug\u202e \nmore", "Fix the [31mbug")]
    [InlineData("-m --amend", "-m --amend")]
    [InlineData("A long instruction that goes on and on about what exactly shall be done in the code", "A long instruction that goes on and on about what exactly shall be…")]
    public void A_subject_is_one_clean_short_line(string instruction, string subject) => Assert.Equal(subject, CommitMessage.Subject(instruction, "Task x"));

    private void AsAgent(Workspace workspace)
    {
        world.Git(workspace.Path, "config", "user.name", "Agent");
        world.Git(workspace.Path, "config", "user.email", "agent@example.com");
    }
}
