using Ampx.Silo.Git;
using Xunit;

namespace Ampx.Tests.Git;

public sealed class PushesTests : IDisposable
{
    private readonly GitWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_new_branch_is_pushed_and_a_lost_answer_is_made_up_for()
    {
        var (_, sha) = await world.Work();
        Assert.IsType<PushOutcome.Pushed>(await Push(sha, null));
        Assert.Equal(sha, world.Tip(GitWorld.Branch));
        Assert.IsType<PushOutcome.AlreadyThere>(await Push(sha, null));
    }

    [Fact]
    public async Task A_commit_of_this_tasks_earlier_run_is_adopted()
    {
        var (_, sha) = await world.Work();
        await Push(sha, null);
        world.Workspaces.Release(GitWorld.Task);
        var zombie = await world.Work("other.txt", run: "run2", branch: GitWorld.OtherBranch);
        Assert.Equal(new PushOutcome.AdoptOwn(sha), await Push(zombie.Sha, null));
    }

    [Fact]
    public async Task A_persons_commit_is_never_overwritten()
    {
        var (_, sha) = await world.Work();
        var theirs = world.SaveAndPush("by hand", GitWorld.Branch);
        Assert.Equal(new PushOutcome.Moved(theirs), await Push(sha, null));
        Assert.Equal(new PushOutcome.Moved(theirs), await Push(sha, world.First));
        Assert.Equal(theirs, world.Tip(GitWorld.Branch));
    }

    [Fact]
    public async Task A_branch_that_was_deleted_is_told()
    {
        var (_, sha) = await world.Work();
        await world.Mirrors.Fetch(world.Remote);
        Assert.Equal(new PushOutcome.Moved(null), await Push(sha, world.First));
    }

    [Theory]
    [InlineData("error: GH013: Repository rule violations found for refs/heads/x.\n\n- GITHUB PUSH PROTECTION\n    Push cannot contain secrets", true)]
    [InlineData("error: GH013: Repository rule violations found for refs/heads/x.\n- Changes must be made through a pull request.", false)]
    [InlineData("error: GH001: Large files detected.", true)]
    [InlineData("error: GH006: Protected branch update failed for refs/heads/x.", false)]
    [InlineData("no pushes on Fridays", false)]
    public async Task A_refusal_is_given_in_the_servers_words(string words, bool forContent)
    {
        var (_, sha) = await world.Work();
        var hook = Path.Combine(world.Origin, "hooks", "pre-receive");
        await File.WriteAllTextAsync(hook, $"#!/bin/sh\ncat >&2 <<'END'\n{words}\nEND\nexit 1\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var refused = Assert.IsType<PushOutcome.Refused>(await Push(sha, null));

        Assert.Equal(forContent, refused.ForContent);
        Assert.Contains(words.Split('\n')[0], refused.Detail, StringComparison.Ordinal);
        Assert.Null(world.Tip(GitWorld.Branch));
    }

    [Fact]
    public void A_missing_workflows_permission_is_a_refusal()
    {
        const string Reason = "[remote rejected] (refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission)";
        var answer = PushAnswer.Of(new GitResult(1, $"To https://x\n!\tabc:refs/heads/b\t{Reason}\nDone\n", "error: failed to push some refs", false), "refs/heads/b");
        Assert.False(Assert.IsType<PushOutcome.Refused>(answer).ForContent);
    }

    [Fact]
    public void Silence_of_the_network_is_passing_and_a_403_is_not()
    {
        Assert.IsType<PushOutcome.Failed>(PushAnswer.Of(new GitResult(128, "", "fatal: unable to access 'https://x/': Could not resolve host: x", false), "refs/heads/b"));
        Assert.IsType<PushOutcome.Refused>(PushAnswer.Of(
            new GitResult(128, "", "remote: Permission to o/r.git denied to bot.\nfatal: unable to access 'https://x/': The requested URL returned error: 403", false), "refs/heads/b"));
    }

    [Fact]
    public async Task A_commit_that_nobody_has_is_lost()
    {
        await world.Work();
        Assert.IsType<PushOutcome.Lost>(await Push(new string('1', 40), null));
    }

    [Theory]
    [InlineData("-x")]
    [InlineData("--force")]
    [InlineData("a..b")]
    [InlineData("a:b")]
    [InlineData("x.lock")]
    [InlineData("")]
    public async Task Names_that_are_no_branches_are_refused(string branch) =>
        await Assert.ThrowsAsync<ArgumentException>(() => world.Pushes.Push(world.Remote, branch, world.First, null, GitWorld.Task));

    [Fact]
    public async Task A_change_can_be_read_from_the_mirror_after_the_tree_is_gone()
    {
        var (workspace, sha) = await world.Work("dir/../work.txt");
        DiskFolder.Delete(workspace.Path);

        Assert.Equal([new ChangedFile('A', "work.txt")], await world.Changes.Files(world.Remote, world.First, sha));
        var diff = await world.Changes.Diff(world.Remote, world.First, sha);
        Assert.StartsWith("diff --git a/work.txt b/work.txt", diff.Text, StringComparison.Ordinal);
        var cut = await world.Changes.Diff(world.Remote, world.First, sha, maxBytes: 60);
        Assert.True(cut.Truncated && cut.Text.EndsWith('\n'));
        Assert.Equal("done\n", await world.Changes.ReadFile(world.Remote, sha, "work.txt"));
        Assert.Null(await world.Changes.ReadFile(world.Remote, sha, "nothing"));
        Assert.Null(await world.Changes.ReadFile(world.Remote, sha, "--help"));
        Assert.Equal([".gitignore", "README.md", "work.txt"], await world.Changes.ListFiles(world.Remote, sha, ""));
        Assert.Empty(await world.Changes.ListFiles(world.Remote, sha, ".github/workflows"));
    }

    [Fact]
    public async Task A_clean_checkout_has_the_commits_files_and_nothing_else()
    {
        var (_, sha) = await world.Work();
        var folder = Path.Combine(world.Root, "ci");
        await world.Changes.CheckOutClean(world.Remote, sha, folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "stray"), "x");
        await world.Changes.CheckOutClean(world.Remote, sha, folder);
        Assert.Equal([".git", ".gitignore", "README.md", "work.txt"], Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order());
        Assert.Equal(sha, world.Git(folder, "rev-parse", "HEAD"));
        Changes.Remove(folder);
        Assert.False(Directory.Exists(folder));
    }

    private Task<PushOutcome> Push(string sha, string? lease) => world.Pushes.Push(world.Remote, GitWorld.Branch, sha, lease, GitWorld.Task);
}
