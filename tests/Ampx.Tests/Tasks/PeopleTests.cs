using Ampx.Core.Tasks;
using Xunit;
using static Ampx.Core.Tasks.Phase;
using static Ampx.Tests.Tasks.Story;

namespace Ampx.Tests.Tasks;

/// <summary>Continue and abort.</summary>
public class PeopleTests
{
    [Fact]
    public void Continue_on_an_ended_task_queues_a_new_instruction_with_a_fresh_budget()
    {
        var task = After([.. ToSuccess, Continue("now the receipts")]);
        Assert.Equal((Status.Queued, WaitingForWorker, "now the receipts", 0), (task.Status, task.Phase, task.Prompt, task.Attempts));
        Assert.Equal((null, null, "amp/mend-the-till-vwxyz0"), (task.FinishedAt, task.Error, task.Branch));
        task = task.Then([.. ToCi("c2", "c1"), Green]);
        Assert.Equal((Status.Success, 2, 7), (task.Status, task.Attempt!.Number, task.PullRequest!.Number));
    }

    [Fact]
    public void Continue_without_a_text_runs_the_last_instruction_again()
    {
        var task = After([.. Times(3, Claim, Ready(), AgentBroke(), Waited).SkipLast(1), Continue(maxAttempts: 5), Claim]);
        Assert.Equal(("Mend the till", 1, 5, Preparing), (task.Prompt, task.Attempts, task.MaxAttempts, task.Phase));
    }

    [Fact]
    public void Instructions_for_a_queued_task_go_out_with_the_first()
    {
        var task = After(Continue("and test it"), Continue("and say so"));
        Assert.Equal(["and test it", "and say so"], task.PendingInstructions.AsEnumerable());
        task = task.Then(Claim);
        Assert.Equal("Mend the till\n\nand test it\n\nand say so", task.Prompt);
        Assert.Equal((0, 1, task.Prompt), (task.PendingInstructions.Length, task.Attempts, task.Attempt!.Instruction));
    }

    [Fact]
    public void An_instruction_during_a_run_waits_until_its_commit_is_pushed()
    {
        var task = After(Claim, Ready(), Continue("and test it"), Commit("c1"));
        Assert.Equal(["and test it"], task.PendingInstructions.AsEnumerable());
        task = task.Then(Push("c1"));
        Assert.Equal((WaitingForWorker, "and test it", 0), (task.Phase, task.Prompt, task.Attempts));
        Assert.Empty(task.PendingInstructions);
    }

    [Fact]
    public void An_instruction_for_later_leaves_the_running_agents_step_alone()
    {
        var task = After(Claim, Ready());
        Assert.Equal((task.Step, task.Version + 1), (task.Then(Continue("more")).Step, task.Then(Continue("more")).Version));
    }

    [Fact]
    public void An_instruction_is_taken_up_at_once_where_no_run_is_under_way()
    {
        TaskState[] tasks =
        [
            After(ToCi("c1")), After([.. ToCi("c1"), Red]), After([.. ToCi("c1"), Green]), After(Claim, Ready(), AgentBroke()),
            After([.. ToCi("c1"), Blocked()]),
        ];
        Assert.All(tasks, task =>
        {
            var next = task.Then(Continue("do this"));
            Assert.Equal((WaitingForWorker, Status.Queued, "do this", 0), (next.Phase, next.Status, next.Prompt, next.Attempts));
            Assert.Empty(next.PendingInstructions);
        });
    }

    [Fact]
    public void A_first_instruction_that_no_agent_has_seen_is_kept_with_the_next()
    {
        Assert.Equal("Mend the till\n\nand test it", After(Claim, Step(), Continue("and test it")).Prompt);
        Assert.Equal("Mend the till\n\nand test it", After(Claim, Ready(), Continue("and test it"), Lost, Claim).Prompt);
    }

    [Fact]
    public void An_instruction_that_waited_for_a_failing_run_is_not_left_behind()
    {
        Assert.Equal("do this", After(Claim, Ready(), Continue("do this"), AgentBroke()).Prompt);
        var last = After([.. ToRed("c1"), .. ToRed("c2", "c1"), Claim, Ready("c2"), Continue("do this"), AgentBroke()]);
        Assert.Equal(("do this", WaitingForWorker, 0), (last.Prompt, last.Phase, last.Attempts));
    }

    [Fact]
    public void A_commit_that_waits_to_be_pushed_goes_out_before_a_new_instruction_begins()
    {
        var task = After([.. Run("c1"), Step(), Continue("do this")]);
        Assert.Equal((WaitingForWorker, "Mend the till"), (task.Phase, task.Prompt));
        task = task.Then(Claim);
        Assert.Equal((Publishing, "c1"), (task.Phase, task.HeadSha));
        task = task.Then(Push("c1"), Claim);
        Assert.Equal((Preparing, "do this", 1), (task.Phase, task.Prompt, task.Attempts));
    }

    [Fact]
    public void A_continue_after_a_push_that_failed_too_often_tries_the_push_again()
    {
        var stuck = After([.. Run("c1"), Step(), Waited, Claim, Step(), Waited, Claim, Step()]);
        Assert.Equal(Status.NeedsReview, stuck.Status);
        var task = stuck.Then(Continue(), Claim, Push("c1"));
        Assert.Equal((WaitingForCi, 1, 1), (task.Phase, task.Attempts, task.Attempt!.Number));
        task = stuck.Then(Continue("do this"), Claim, Push("c1"));
        Assert.Equal((WaitingForWorker, "do this"), (task.Phase, task.Prompt));
    }

    [Fact]
    public void An_instruction_while_stopping_goes_on_after_it()
    {
        var task = After(Claim, Ready(), Abort, Continue("do this"));
        Assert.Equal((Stopping, Status.Aborted), (task.Phase, task.Status));
        task = task.Then(new RunStopped());
        Assert.Equal((WaitingForWorker, Status.Queued, "do this", null), (task.Phase, task.Status, task.Prompt, task.FinishedAt));
    }

    [Fact]
    public void A_lower_limit_cant_unmake_the_runs_there_were()
    {
        var task = After([.. ToRed("c1"), Claim, Continue("do this", maxAttempts: 1)]);
        Assert.Equal((2, 2), (task.Attempts, task.MaxAttempts));
    }

    [Fact]
    public void Abort_stops_the_run_and_ends_when_nothing_of_it_is_alive()
    {
        var stopping = After(Claim, Ready(), Abort);
        Assert.Equal((Stopping, Status.Aborted, null), (stopping.Phase, stopping.Status, stopping.FinishedAt));
        Assert.Equal(new FollowRun(stopping.Run!), TaskMachine.Next(stopping));
        var task = stopping.Then(new RunStopped());
        Assert.Equal((Done, Status.Aborted, task.UpdatedAt, null), (task.Phase, task.Status, task.FinishedAt, task.Run));
        Assert.Equal(Status.Aborted, stopping.Then(Lost).Status);
    }

    [Fact]
    public void Abort_without_a_run_ends_at_once_and_drops_nothing()
    {
        var task = After([.. ToCi("c1"), Abort]);
        Assert.Equal((Done, Status.Aborted, "c1"), (task.Phase, task.Status, task.HeadSha));
        task = After(Continue("and test it"), Abort);
        Assert.Equal(["and test it"], task.PendingInstructions.AsEnumerable());
        Assert.Equal("and test it", task.Then(Continue()).Prompt);
    }

    [Fact]
    public void Abort_stops_the_ci_command_of_a_plain_git_repository_too() =>
        Assert.Equal((Stopping, RunKind.Ci), OnPath.Then([.. ToCi("c1"), ClaimCi, Abort]) is var t ? (t.Phase, t.Run!.Kind) : default);

    [Fact]
    public void Abort_disarms_auto_merge_on_a_success()
    {
        var task = After([.. ToSuccess, Merge, new AutoMergeArmed(), Abort]);
        Assert.Equal((Merging, Status.Success, true), (task.Phase, task.Status, task.Merge!.Disarm));
        task = task.Then(new AutoMergeDisarmed());
        Assert.Equal((Done, Status.Success, false, null), (task.Phase, task.Status, task.PullRequest!.AutoMerge, task.NextWakeAt));
    }

    [Fact]
    public void News_that_mean_nothing_in_a_phase_are_refused_by_name()
    {
        var refused = Assert.Throws<IllegalTransitionException>(() => After(Push("c1")));
        Assert.Equal("a task in phase waiting_for_worker can't take Pushed", refused.Message);
    }
}
