using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.EndToEnd;

/// <summary>Whole tasks on a plain git repository: real service and CLI processes, real git, real CI command.</summary>
public sealed class LocalTests
{
    /// <summary>Right only once it was told what CI expected.</summary>
    private const string Learner = """
        prompt=$(cat)
        case "$prompt" in
          *"expected 42"*) echo 42 > answer ;;
          *) echo 41 > answer ;;
        esac
        """;

    private const string Check = "test \"$(cat answer)\" = 42 || { echo \"FAIL: expected 42 but was $(cat answer)\"; exit 1; }";

    [Fact]
    public async Task Red_then_feedback_then_green_then_merged()
    {
        await using var stage = new Stage();
        stage.Agent("learner", Learner);
        var repo = await stage.Repository("answer", (".ampx.yml", $"ci: |\n  {Check}\n"));
        await stage.Up();

        var task = await stage.Start(repo, "Write the answer", "--agent", "learner");
        task = await stage.Ended(task.Id);
        Assert.Equal((Status.Success, 2), (task.Status, task.Attempts));
        Assert.Equal(task.HeadSha, await stage.Git(repo, "rev-parse", task.Branch));
        Assert.Contains("expected 42 but was 41", (await stage.Ampx("logs", task.Id, "--feedback")).Out, StringComparison.Ordinal);
        Assert.Contains($"Ampx-Task: {task.Id}", await stage.Git(repo, "log", "-1", "--format=%B", task.Branch), StringComparison.Ordinal);

        var merge = await stage.Ampx("merge", task.Id, "--delete-branch");
        Assert.True(merge.Code == 0, merge.Err);
        Assert.Equal(PullRequestState.Merged, (await stage.Show(task.Id)).PullRequest!.State);
        Assert.Equal("42", await stage.Git(repo, "show", "main:answer"));
        Assert.DoesNotContain("amp/", await stage.Git(repo, "branch"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Red_three_times_needs_review_and_says_what_still_fails()
    {
        await using var stage = new Stage();
        stage.Agent("wrong", "echo $$ > answer");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();

        var task = await stage.Start(repo, "Write the answer", "--agent", "wrong", "--ci", Check);
        task = await stage.Ended(task.Id);
        Assert.Equal((Status.NeedsReview, 3, ErrorCodes.CiFailed), (task.Status, task.Attempts, task.Error!.Code));
        Assert.Contains("expected 42", task.Summary, StringComparison.Ordinal);
        Assert.Equal(3, int.Parse(await stage.Git(repo, "rev-list", "--count", $"main..{task.Branch}"), System.Globalization.CultureInfo.InvariantCulture));

        var again = await stage.Ampx("continue", task.Id, "-m", "Try harder");
        Assert.True(again.Code == 0, again.Err);
        task = await stage.Until(task.Id, now => now.Attempts == 3 && now.Phase is Phase.Done);
        Assert.Equal("Try harder", task.Prompt);
    }

    [Fact]
    public async Task An_agent_that_changes_nothing_is_told_so_once()
    {
        await using var stage = new Stage();
        stage.Agent("idle", "cat >> ../prompts.txt; echo done");
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();

        var task = await stage.Start(repo, "Write the answer", "--agent", "idle", "--ci", "true");
        task = await stage.Ended(task.Id);
        Assert.Equal((Status.NeedsReview, ErrorCodes.NoChanges, 1), (task.Status, task.Error!.Code, task.Attempts));
    }

    [Fact]
    public async Task Abort_ends_an_agent_that_ignores_sigterm_and_its_grandchildren()
    {
        await using var stage = new Stage();
        stage.Agent("stubborn", """
            trap '' TERM
            (setsid sh -c 'trap "" TERM; echo $$ >> "$PIDS"; while :; do sleep 1; done' &)
            echo $$ >> "$PIDS"
            while :; do sleep 1; done
            """);
        var pids = Path.Combine(stage.Root, "pids");
        stage.Environment["Ampx__Agents__stubborn__Environment__PIDS"] = pids;
        stage.Environment["Ampx__Workers__Slots"] = "1";
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();

        var task = await stage.Start(repo, "Never end", "--agent", "stubborn", "--ci", "true");
        await Stage.Until(() => Task.FromResult(File.Exists(pids) && File.ReadAllLines(pids).Length == 2), "the agent and its grandchild run");
        var since = TimeProvider.System.GetTimestamp();
        var abort = await stage.Ampx("abort", task.Id);
        Assert.True(abort.Code == 0, abort.Err);
        await Stage.Until(() => Task.FromResult(File.ReadAllLines(pids).All(pid => !Directory.Exists($"/proc/{pid}"))), "nothing of it is alive");
        Assert.InRange(TimeProvider.System.GetElapsedTime(since), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        task = await stage.Ended(task.Id);
        Assert.Equal(Status.Aborted, task.Status);

        // The slot is free again.
        stage.Agent("quick", "echo 1 > file");
        var next = await stage.Start(repo, "Be quick", "--agent", "stubborn", "--ci", "true");
        await stage.Until(next.Id, now => now.Phase is Phase.Agent);
    }

    [Fact]
    public async Task Twenty_tasks_on_two_slots_run_two_at_a_time_in_order_and_all_end()
    {
        await using var stage = new Stage();
        stage.Agent("counter", """
            echo "begin $(cat)" >> "$TRACE"
            sleep 1
            echo $$ > file
            echo "end" >> "$TRACE"
            """);
        var trace = Path.Combine(stage.Root, "trace");
        stage.Environment["Ampx__Agents__counter__Environment__TRACE"] = trace;
        stage.Environment["Ampx__Workers__Slots"] = "2";
        var repo = await stage.Repository("answer", ("README.md", "An answer."));
        await stage.Up();

        var ids = new List<string>();
        for (var i = 0; i < 20; i++) ids.Add((await stage.Start(repo, $"task {i:00}", "--agent", "counter", "--ci", "true")).Id);
        foreach (var id in ids) Assert.Equal(Status.Success, (await stage.Ended(id)).Status);

        var lines = File.ReadAllLines(trace);
        var (running, most) = (0, 0);
        foreach (var line in lines) most = Math.Max(most, running += line == "end" ? -1 : 1);
        Assert.Equal(2, most);
        // Two slots may swap neighbours; nobody is overtaken by more than that.
        var order = lines.Where(line => line != "end").Select(line => int.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.All(order.Select((number, place) => Math.Abs(number - place)), distance => Assert.InRange(distance, 0, 1));
    }
}
