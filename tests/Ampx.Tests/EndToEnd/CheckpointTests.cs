using System.Diagnostics;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Agents.Runs;
using Ampx.Tests.FakeGitHub.Description;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Unfinished work outlives its machine, an abort and a refused push.</summary>
public sealed class CheckpointTests
{
    private const string Workflow = """
        name: CI
        on: push
        jobs:
          test:
            runs-on: ubuntu-latest
            steps:
              - run: test "$(cat answer)" = 42
        """;

    /// <summary>The first run comes halfway and hangs, the next one needs what that had.</summary>
    private const string Script = "fake[1]: write half 42\nfake[1]: stall\nfake[2]: run cp half answer";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_machine_is_lost_in_the_middle_of_a_run_and_the_next_run_has_its_work_and_its_thread(bool another)
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__Checkpoint__Interval"] = "00:00:01";
        stage.Environment["Ampx__Workers__LeaseTime"] = "00:00:05";
        var repo = await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await stage.Up();
        var task = await stage.Start("acme/answer", $"Write the answer\n\n{Script}");
        await Stage.Until(async () => await Saved(stage, repo.Git.Folder, task.Id) == "42", "the first run's work is at the task's own ref");
        var thread = (await stage.Show(task.Id)).ThreadId;

        await stage.Kill();
        var run = new RunFolder(Assert.Single(Directory.GetDirectories(Path.Combine(stage.Data, "runs")))).Info!;
        foreach (var pid in (int[])[run.Pid, run.AgentPid!.Value]) Process.GetProcessById(pid).Kill();
        foreach (var lost in (string[])["workspaces", "mirrors"]) Directory.Delete(Path.Combine(stage.Data, lost), recursive: true);
        if (another) File.Delete(Path.Combine(stage.Data, "worker-id"));
        await stage.Up();

        task = await stage.Ended(task.Id);
        Assert.True((task.Status, task.ThreadId) == (Status.Success, thread), $"{task.Status} on {task.ThreadId}: {task.Summary}\n{(await stage.Ampx("logs", task.Id)).Out}");
        Assert.Equal("answer\nhalf", await stage.Git(repo.Git.Folder, "diff", "--name-only", "main", task.Branch));
        Assert.Contains("not yet committed", (await stage.Ampx("logs", task.Id)).Out, StringComparison.Ordinal);
        Assert.Equal("", await Refs(stage, repo.Git.Folder));
        Assert.DoesNotContain(repo.Runs, ci => ci.Event == "push" && ci.HeadSha != task.HeadSha);
    }

    [Fact]
    public async Task An_aborted_tasks_work_is_kept_at_its_ref_while_another_task_has_the_tree_and_continue_finds_it()
    {
        await using var github = await DescribedGitHub.Start();
        await using var stage = GitHubTests.GitHubStage(github);
        stage.Environment["Ampx__Workers__Slots"] = "1";
        var repo = await github.CreateRepository("acme/answer", GitHubTests.Files(Workflow));
        await stage.Up();
        var task = await stage.Start("acme/answer", $"Write the answer\n\n{Script}");
        await Stage.Until(() => Task.FromResult(Trees(stage).Any(tree => File.Exists(Path.Combine(tree, "half")))), "the agent has come halfway");

        Assert.Equal(0, (await stage.Ampx("abort", task.Id)).Code);
        Assert.Equal(Status.Aborted, (await stage.Ended(task.Id)).Status);
        await Stage.Until(() => Task.FromResult(!File.ReadAllText(Path.Combine(Path.GetDirectoryName(Trees(stage).Single())!, "tree.json")).Contains("\"Unsaved\":true", StringComparison.Ordinal)), "the work is safe");
        Assert.Equal("42", await Saved(stage, repo.Git.Folder, task.Id));
        var other = await stage.Start("acme/answer", "Write another\n\nfake[1]: write answer 42");
        Assert.Equal(Status.Success, (await stage.Ended(other.Id)).Status);
        Assert.False(File.Exists(Path.Combine(Assert.Single(Trees(stage)), "half")));

        Assert.Equal(0, (await stage.Ampx("continue", task.Id)).Code);
        task = await stage.Until(task.Id, now => now is { Phase: Phase.Done, Status: not Status.Aborted });
        Assert.True(task.Status is Status.Success, task.Summary);
        Assert.Equal("answer\nhalf", await stage.Git(repo.Git.Folder, "diff", "--name-only", "main", task.Branch));
        Assert.Equal("", await Refs(stage, repo.Git.Folder));
    }

    [Fact]
    public async Task A_repository_that_refuses_the_ref_disturbs_nothing()
    {
        await using var stage = new Stage();
        stage.Environment["Ampx__Checkpoint__Interval"] = "00:00:01";
        stage.Agent("slow", "echo 42 > answer; while [ ! -e \"$GO\" ]; do sleep 0.05; done; echo done > more");
        var go = Path.Combine(stage.Root, "go");
        stage.Environment["Ampx__Agents__slow__Environment__GO"] = go;
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await Hook(repo, "case $(cat) in *refs/ampx/*) echo 'no such refs here' >&2; exit 1;; esac");
        await stage.Up();

        var task = await stage.Start(repo, "Write the answer", "--agent", "slow", "--ci", "test \"$(cat answer)\" = 42");
        await Stage.Until(async () => (await stage.Ampx("logs", task.Id)).Out.Contains("no such refs here", StringComparison.Ordinal), "the server has refused a checkpoint");
        File.WriteAllText(go, "");
        task = await stage.Ended(task.Id);
        Assert.True((task.Status, task.Attempts) == (Status.Success, 1), task.Summary);
        Assert.Equal("", await Refs(stage, repo));
        Assert.Single((await stage.Get<Timeline>($"tasks/{task.Id}/timeline")).Entries, entry => entry.Cause == "checkpointed");
    }

    [Fact]
    public async Task A_commit_that_the_branch_may_not_have_is_at_the_ref_and_another_machine_goes_on_with_it()
    {
        await using var stage = new Stage();
        stage.Agent("writer", "[ -e answer ] || echo 42 > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await Hook(repo, "case $(cat) in *refs/heads/amp/*) echo 'no pushes on Fridays' >&2; exit 1;; esac");
        await stage.Up();
        var task = await stage.Start(repo, "Write the answer", "--agent", "writer", "--ci", "test \"$(cat answer)\" = 42");
        task = await stage.Ended(task.Id);
        Assert.Equal((Status.NeedsReview, ErrorCodes.PushRejected), (task.Status, task.Error?.Code));
        Assert.Equal("42", await stage.Git(repo, "show", $"refs/ampx/{task.Id}:answer"));

        await stage.Kill();
        foreach (var lost in (string[])["workspaces", "mirrors"]) Directory.Delete(Path.Combine(stage.Data, lost), recursive: true);
        File.Delete(Path.Combine(repo, "hooks", "pre-receive"));
        await stage.Up();
        Assert.Equal(0, (await stage.Ampx("continue", task.Id)).Code);
        task = await stage.Until(task.Id, now => now is { Phase: Phase.Done, Error: null });
        Assert.True(task.Status is Status.Success, task.Summary);
        Assert.Equal("42", await stage.Git(repo, "show", $"{task.Branch}:answer"));
        Assert.Equal("", await Refs(stage, repo));
    }

    [Fact]
    public async Task A_failed_run_leaves_its_work_and_what_is_pushed_leaves_no_ref()
    {
        await using var stage = new Stage();
        stage.Environment["Ampx__Checkpoint__Interval"] = "00:00:00";
        stage.Agent("clumsy", "if [ -e answer ]; then echo 42 > answer; else echo 41 > answer; git -C \"$REPO\" for-each-ref refs/ampx/ > \"$SEEN\"; exit 3; fi");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        stage.Environment["Ampx__Agents__clumsy__Environment__REPO"] = repo;
        stage.Environment["Ampx__Agents__clumsy__Environment__SEEN"] = Path.Combine(stage.Root, "seen");
        await stage.Up();
        var task = await stage.Start(repo, "Write the answer", "--agent", "clumsy", "--ci", "test \"$(cat answer)\" = 42");
        task = await stage.Ended(task.Id);
        Assert.True((task.Status, task.Attempts) == (Status.Success, 2), $"{task.Status} after {task.Attempts}: {task.Summary}");
        Assert.Contains("checkpoint ", (await stage.Ampx("logs", task.Id)).Out, StringComparison.Ordinal);
        Assert.Equal("", await File.ReadAllTextAsync(Path.Combine(stage.Root, "seen"))); // with interval 0 only once the run is over
        Assert.Equal("", await Refs(stage, repo));
    }

    [Fact]
    public async Task Work_that_could_not_be_saved_keeps_its_tree_and_is_saved_as_soon_as_it_can_be()
    {
        await using var stage = new Stage();
        stage.Agent("stuck", "echo 41 > half; while :; do sleep 1; done");
        stage.Agent("writer", "echo 42 > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await Hook(repo, "case $(cat) in *refs/ampx/*) echo 'no such refs here' >&2; exit 1;; esac");
        await stage.Up();
        var task = await stage.Start(repo, "Write the answer", "--agent", "stuck", "--ci", "true");
        await Stage.Until(() => Task.FromResult(Trees(stage).Any(tree => File.Exists(Path.Combine(tree, "half")))), "the agent has come halfway");
        Assert.Equal(0, (await stage.Ampx("abort", task.Id)).Code);
        await stage.Ended(task.Id);
        var tree = Assert.Single(Trees(stage));

        var other = await stage.Start(repo, "Write another", "--agent", "writer", "--ci", "true");
        Assert.Equal(Status.Success, (await stage.Ended(other.Id)).Status);
        Assert.Equal("41", (await File.ReadAllTextAsync(Path.Combine(tree, "half"))).Trim());
        Assert.Equal(2, Trees(stage).Count());

        await stage.Kill();
        File.Delete(Path.Combine(repo, "hooks", "pre-receive"));
        await stage.Up();
        await Stage.Until(async () => await Saved(stage, repo, task.Id) == "41", "the work is at the task's own ref");
        var view = await stage.Show(task.Id);
        Assert.Equal((Status.Aborted, Phase.Done), (view.Status, view.Phase));
        var third = await stage.Start(repo, "Write a third", "--agent", "writer", "--ci", "true");
        Assert.Equal(Status.Success, (await stage.Ended(third.Id)).Status);
        Assert.Equal(2, Trees(stage).Count());
    }

    [Fact]
    public async Task A_service_that_dies_between_the_push_and_its_report_removes_the_ref_at_the_next_start()
    {
        await using var stage = new Stage();
        stage.Environment["Ampx__Checkpoint__Interval"] = "00:00:01";
        stage.Agent("slow", "echo 42 > half; while [ ! -e \"$GO\" ]; do sleep 0.05; done; echo 42 > answer");
        var (go, on) = (Path.Combine(stage.Root, "go"), Path.Combine(stage.Root, "on"));
        stage.Environment["Ampx__Agents__slow__Environment__GO"] = go;
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        // The branch is there already, and the answer to the push waits.
        var hook = Path.Combine(repo, "hooks", "post-receive");
        await File.WriteAllTextAsync(hook, $"#!/bin/sh\ncase $(cat) in *refs/heads/amp/*) while [ ! -e {on} ]; do sleep 0.05; done;; esac\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await stage.Up();
        var task = await stage.Start(repo, "Write the answer", "--agent", "slow", "--ci", "test \"$(cat answer)\" = 42");
        await Stage.Until(async () => await Saved(stage, repo, task.Id) == "42", "a checkpoint is there");
        File.WriteAllText(go, "");
        await Stage.Until(async () => (await stage.Git(stage.Root, "ls-remote", repo, "refs/heads/amp/*")).Length > 0, "the branch is there");
        Assert.Equal(Phase.Publishing, (await stage.Show(task.Id)).Phase);
        await stage.Kill();
        File.WriteAllText(on, "");
        await stage.Up();
        task = await stage.Ended(task.Id);
        Assert.True((task.Status, task.Attempts) == (Status.Success, 1), task.Summary);
        Assert.Equal("", await Refs(stage, repo));
    }

    private static async Task<string?> Saved(Stage stage, string repo, string id) =>
        (await Refs(stage, repo)).Contains(id, StringComparison.Ordinal) ? await stage.Git(repo, "show", $"refs/ampx/{id}:half") : null;

    private static Task<string> Refs(Stage stage, string repo) => stage.Git(stage.Root, "ls-remote", repo, "refs/ampx/*");

    private static IEnumerable<string> Trees(Stage stage)
    {
        var home = Path.Combine(stage.Data, "workspaces");
        return Directory.Exists(home) ? Directory.GetDirectories(home).SelectMany(Directory.GetDirectories).Select(folder => Path.Combine(folder, "tree")) : [];
    }

    private static async Task Hook(string repo, string script)
    {
        var hook = Path.Combine(repo, "hooks", "pre-receive");
        await File.WriteAllTextAsync(hook, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
