using Ampx.Core.Tasks;
using Xunit;
using static Ampx.Core.Tasks.Phase;
using static Ampx.Tests.Tasks.Story;

namespace Ampx.Tests.Tasks;

/// <summary>Runs, attempts, what fails and what is lost.</summary>
public class OneRunTests
{
    [Fact]
    public void A_new_task_waits_for_a_worker()
    {
        var task = New();
        Assert.Equal((Status.Queued, WaitingForWorker, 0, 1, 1), (task.Status, task.Phase, task.Attempts, task.Version, task.Step));
        Assert.Equal(new RequestWorker(RunKind.Agent), TaskMachine.Next(task));
        Assert.Equal(("created", "ada", "Mend the till"), (task.Last.Cause, task.Last.By, task.Last.Detail));
    }

    [Fact]
    public void A_green_build_needs_a_pull_request_and_a_second_look_before_it_is_success()
    {
        var green = After([.. ToCi("c1"), Green]);
        Assert.Equal((OpeningPr, new OpenPullRequest(Draft: false)), (green.Phase, TaskMachine.Next(green)));
        var opened = green.Then(Opened());
        Assert.Equal((WaitingForCi, Status.Running), (opened.Phase, opened.Status));
        var task = opened.Then(Green);
        Assert.Equal((Done, Status.Success, "c1", "CI is green after 1 attempt"), (task.Phase, task.Status, task.HeadSha, task.Summary));
        Assert.Equal((task.UpdatedAt, null, "green"), (task.FinishedAt, task.Error, task.Attempt!.Outcome));
    }

    [Fact]
    public void A_red_build_sends_the_task_back_with_the_reason()
    {
        var task = After(ToRed("c1", cause: "2 tests failed"));
        Assert.Equal((Status.Retrying, WaitingForWorker, 1, "red"), (task.Status, task.Phase, task.Attempts, task.Attempt!.Outcome));
        Assert.Contains("2 tests failed", task.Feedback);
        var prompt = Prompts.Of(task.Then(Claim));
        Assert.StartsWith("Mend the till", prompt);
        Assert.Contains("attempt 2 of 3", prompt);
        Assert.Contains("- Attempt 1: 2 tests failed", prompt);
        Assert.EndsWith("The log says: 2 tests failed", prompt);
    }

    [Fact]
    public void Red_on_every_attempt_ends_in_needs_review_with_a_draft_to_look_at()
    {
        var last = After([.. ToRed("c1"), .. ToRed("c2", "c1"), .. ToRed("c3", "c2", "still 1 test")]);
        Assert.Equal((OpeningPr, Status.Retrying, new OpenPullRequest(Draft: true)), (last.Phase, last.Status, TaskMachine.Next(last)));
        var task = last.Then(Opened(PullRequestState.Draft));
        Assert.Equal((Done, Status.NeedsReview, 3), (task.Phase, task.Status, task.Attempts));
        Assert.Equal((ErrorCodes.CiFailed, "still 1 test"), (task.Error!.Code, task.Error.Detail));
        Assert.Equal("needs review after 3 attempts: still 1 test", task.Summary);
    }

    [Fact]
    public void A_run_counts_when_it_is_claimed_and_only_once()
    {
        Assert.Equal(1, After(Claim).Attempts);
        Assert.Equal(1, After(Claim, Step(), Waited, Claim).Attempts);
        Assert.Equal(1, After(Claim, Ready(), Lost, Claim, Ready()).Attempts);
        Assert.Equal(2, After([.. ToRed("c1"), Claim, Lost, Claim, Ready("c1")]).Attempts);
    }

    [Fact]
    public void The_fourth_lost_worker_of_an_instruction_asks_a_person()
    {
        Assert.Equal(WaitingForWorker, After(Times(3, Claim, Lost)).Phase);
        var task = After(Times(4, Claim, Lost));
        Assert.Equal((Status.NeedsReview, ErrorCodes.WorkerLost, 1), (task.Status, task.Error!.Code, task.Attempts));
        Assert.Equal(WaitingForWorker, task.Then(Continue(), Claim, Lost).Phase);
    }

    [Fact]
    public void A_worker_lost_while_pushing_costs_no_new_run()
    {
        var task = After([.. Run("c1"), Lost]);
        Assert.Equal("waiting for a worker to push c1", task.Summary);
        task = task.Then(Claim);
        Assert.Equal((Publishing, "c1", 1), (task.Phase, task.HeadSha, task.Attempts));
    }

    [Fact]
    public void A_commit_lost_with_its_worker_is_made_again_within_the_same_attempt()
    {
        var task = After([.. Run("c1"), Lost, Claim, new WorkLost("no worker has it"), Claim]);
        Assert.Equal((Preparing, null, 1, 1), (task.Phase, task.HeadSha, task.Attempts, task.Attempt!.Number));
    }

    [Fact]
    public void A_persons_commit_seen_while_preparing_is_never_pushed_over()
    {
        var task = After([.. ToRed("c1"), Claim, Ready("theirs"), Lost, Claim]);
        Assert.Equal((Preparing, "theirs", "theirs"), (task.Phase, task.HeadSha, task.RemoteSha));
    }

    [Fact]
    public void A_failed_run_backs_off_and_is_tried_again_until_the_attempts_are_used_up()
    {
        var task = After(Claim, Ready(), AgentBroke());
        Assert.Equal((BackingOff, Status.Retrying, ErrorCodes.AgentFailed), (task.Phase, task.Status, task.Error!.Code));
        Assert.Equal(new WakeAt(task.NextWakeAt!.Value), TaskMachine.Next(task));
        Assert.Equal("trying again after agent_failed: exit code 1", task.Summary);
        Assert.Null(task.Then(Waited).Error);
        task = After(Times(3, Claim, Ready(), AgentBroke(ErrorCodes.AgentTimeout), Waited).SkipLast(1));
        Assert.Equal((Status.NeedsReview, ErrorCodes.AgentTimeout, 3), (task.Status, task.Error!.Code, task.Attempts));
    }

    [Fact]
    public void The_run_after_a_failed_one_is_told_what_was_tried()
    {
        var prompt = Prompts.Of(After(Claim, Ready(), AgentBroke(), Waited, Claim, Ready()));
        Assert.Contains("attempt 2 of 3", prompt);
        Assert.Contains("- Attempt 1: exit code 1\n", prompt);
        Assert.DoesNotContain("pushed so far", prompt);
    }

    [Theory]
    [InlineData(ErrorCodes.AgentNotSignedIn)]
    [InlineData(ErrorCodes.AgentNotFound)]
    public void An_agent_that_can_never_work_is_an_error_at_once(string code)
    {
        var task = After(Claim, Ready(), AgentBroke(code));
        Assert.Equal((Status.Error, code, Done), (task.Status, task.Error!.Code, task.Phase));
    }

    [Fact]
    public void Every_fatal_code_ends_any_step_in_error()
    {
        Assert.All(ErrorCodes.Fatal, code =>
        {
            Assert.Equal(Status.Error, After(Claim, Step(code)).Status);
            Assert.Equal(Status.Error, After([.. Run("c1"), Step(code)]).Status);
            Assert.Equal(Status.Error, After([.. ToCi("c1"), Step(code)]).Status);
            Assert.Equal(Status.Error, After([.. ToCi("c1"), Red, Step(code)]).Status);
            Assert.Equal(Status.Error, After([.. ToCi("c1"), Green, Step(code)]).Status);
        });
    }

    [Fact]
    public void A_step_has_failures_of_its_own_and_costs_no_attempt()
    {
        var task = After(Times(3, Claim, Step(), Waited).SkipLast(1));
        Assert.Equal((Status.NeedsReview, ErrorCodes.CloneFailed, 1), (task.Status, task.Error!.Code, task.Attempts));
    }

    [Fact]
    public void A_step_that_succeeds_starts_counting_again()
    {
        Assert.Equal(2, After([.. ToCi("c1"), .. Times(2, Step(), Waited)]).StepFailures);
        Assert.Equal(0, After([.. ToCi("c1"), .. Times(2, Step(), Waited), Red]).StepFailures);
        Assert.Equal(0, After([.. ToCi("c1"), Red, Step(), Waited, Why()]).StepFailures);
        Assert.Equal(0, After([Claim, Step(), Waited, Claim, Ready()]).StepFailures);
        Assert.Equal(0, After([.. Run("c1"), Step(), Waited, Claim, Push("c1")]).StepFailures);
    }

    [Fact]
    public void Backoff_grows_to_its_limit_and_is_the_same_for_the_same_state()
    {
        TimeSpan Wait(int failures)
        {
            var rules = Rules with { StepAttempts = 100 };
            var task = New() with { Phase = CollectingFeedback, StepFailures = failures - 1 };
            var next = TaskMachine.Apply(task, Step() with { At = Start }, rules);
            Assert.Equal(next.NextWakeAt, TaskMachine.Apply(task, Step() with { At = Start }, rules).NextWakeAt);
            return next.NextWakeAt!.Value - Start;
        }

        Assert.InRange(Wait(1).TotalSeconds, 2.5, 5);
        Assert.InRange(Wait(4).TotalSeconds, 20, 40);
        Assert.InRange(Wait(90).TotalSeconds, 450, 900);
    }

    [Fact]
    public void The_time_of_work_is_counted_but_not_the_queue_nor_the_rest()
    {
        var task = After(ToSuccess);
        Assert.Equal(TimeSpan.FromMinutes(6), task.TimeSpent);
        Assert.Equal(TimeSpan.FromMinutes(6), task.Then(Continue("more"), Claim).TimeSpent);
        Assert.Equal(new Usage(100, 40, 10), task.Usage);
    }

    [Fact]
    public void A_used_up_budget_ends_in_needs_review_and_goes_on_only_with_a_higher_one()
    {
        var task = New(Order with { MaxTokens = 110 }).Then([.. ToRed("c1"), Opened(PullRequestState.Draft)]);
        Assert.Equal((Status.NeedsReview, ErrorCodes.BudgetExhausted), (task.Status, task.Error!.Code));
        Assert.Equal(ErrorCodes.BudgetExhausted, TaskMachine.WhyNot(task, Continue("more"))!.Code);
        Assert.Null(TaskMachine.WhyNot(task, new ContinueRequested("more", MaxTokens: 200)));
        task = New(Order with { MaxTime = TimeSpan.FromMinutes(3) }).Then(Claim, Ready(), AgentBroke(), Waited);
        Assert.Equal((BackingOff, Done), (New(Order with { MaxTime = TimeSpan.FromMinutes(3) }).Then(Claim, Ready(), AgentBroke()).Phase, task.Phase));
        Assert.Equal(ErrorCodes.BudgetExhausted, task.Error!.Code);
    }

    [Fact]
    public void A_run_that_a_budget_stopped_is_not_tried_again()
    {
        var task = After(Claim, Ready(), AgentBroke(ErrorCodes.BudgetExhausted));
        Assert.Equal((Status.NeedsReview, ErrorCodes.BudgetExhausted), (task.Status, task.Error!.Code));
    }

    [Fact]
    public void Changing_nothing_is_told_once_for_free_and_then_asks_a_person()
    {
        var again = After(Claim, Ready(), ChangedNothing);
        Assert.Equal((WaitingForWorker, 1), (again.Phase, again.Attempts));
        Assert.Contains("without changing any file", Prompts.Of(again.Then(Claim)));
        Assert.Equal(1, again.Then(Claim).Attempts);
        var task = again.Then(Claim, Ready(), ChangedNothing);
        Assert.Equal((Status.NeedsReview, ErrorCodes.NoChanges, 1), (task.Status, task.Error!.Code, task.Attempts));
        Assert.Equal(WaitingForWorker, task.Then(Continue("really"), Claim, Ready(), ChangedNothing).Phase);
    }

    [Fact]
    public void A_push_refused_for_its_content_is_feedback_and_its_changes_come_back_uncommitted()
    {
        var task = After([.. Run("c1"), new PushRefused("GH001: big.bin is 120 MB", ForContent: true)]);
        Assert.Equal((WaitingForWorker, "c1", null), (task.Phase, task.RejectedSha, task.HeadSha));
        Assert.Contains("big.bin", task.Feedback);
        Assert.Equal("c1", task.Then(Claim, Ready(), Lost).RejectedSha);
        Assert.Null(task.Then(Claim, Ready(), Commit("c2")).RejectedSha);
    }

    [Fact]
    public void A_push_refused_by_a_rule_asks_a_person_and_a_new_instruction_can_still_mend_it()
    {
        var task = After([.. Run("c1"), new PushRefused("GH006: protected branch", ForContent: false)]);
        Assert.Equal((Status.NeedsReview, ErrorCodes.PushRejected, "GH006: protected branch"), (task.Status, task.Error!.Code, task.Error.Detail));
        task = task.Then(Continue("leave the workflows alone"), Claim);
        Assert.Equal((Preparing, "leave the workflows alone", "c1"), (task.Phase, task.Prompt, task.RejectedSha));
    }

    [Fact]
    public void Somebody_elses_commit_is_what_the_next_run_starts_from()
    {
        var task = After([.. Run("c1"), new BranchMoved("theirs")]);
        Assert.Equal((WaitingForWorker, "theirs", "theirs"), (task.Phase, task.HeadSha, task.RemoteSha));
        Assert.Contains("theirs", task.Feedback);
        Assert.Equal((Preparing, 2), (task.Then(Claim).Phase, task.Then(Claim).Attempts));
    }

    [Fact]
    public void The_same_state_asks_for_the_same_effect_however_often_it_is_read()
    {
        var task = After(ToCi("c1"));
        Assert.Equal(TaskMachine.Next(task), TaskMachine.Next(task));
        Assert.Equal(new WatchCi("c1"), TaskMachine.Next(task));
    }
}
