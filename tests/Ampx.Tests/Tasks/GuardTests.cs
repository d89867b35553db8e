using System.Text.Json;
using System.Text.Json.Nodes;
using Ampx.Core;
using Ampx.Core.Tasks;
using Xunit;
using static Ampx.Core.Tasks.Phase;
using static Ampx.Tests.Tasks.Story;

namespace Ampx.Tests.Tasks;

/// <summary>Green with findings of the guards waits for a person; what the person has taken doesn't hold again, anything else does.</summary>
public class GuardTests
{
    private static TaskEvent Draft => Opened(PullRequestState.Draft);

    private static TaskEvent[] ToGuarded(string sha, params string[] marks) => [.. Run(sha), PushGuarded(sha, marks)];

    private static TaskState Held(params string[] marks) => After([.. ToGuarded("c1", marks.Length > 0 ? marks : ["ci"]), Green, Draft]);

    private static TaskState HeldOnPath => OnPath.Then([.. ToGuarded("c1", "ci"), ClaimCi, CiEnded("green")]);

    [Fact]
    public void Green_with_a_finding_ends_for_a_person_with_a_draft()
    {
        var green = After([.. ToGuarded("c1", "ci"), Green]);
        Assert.Equal((OpeningPr, new OpenPullRequest(Draft: true)), (green.Phase, TaskMachine.Next(green)));
        Assert.Equal("protected_change: .github/workflows/ci.yml (protected)", green.Last.Detail);

        var task = green.Then(Draft);
        Assert.Equal((Status.NeedsReview, Done, ErrorCodes.ProtectedChange), (task.Status, task.Phase, task.Error?.Code));
        Assert.Equal("needs review after 1 attempt: CI is green, but a person has to look at .github/workflows/ci.yml (protected)", task.Summary);
        Assert.Contains("ampx merge --force", task.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal((ErrorCodes.ProtectedChange, "green"), (task.Attempt!.Outcome, task.Attempt.Ci!.Verdict));
    }

    [Fact]
    public void On_a_path_too() => Assert.Equal((Status.NeedsReview, Done, ErrorCodes.ProtectedChange), (HeldOnPath.Status, HeldOnPath.Phase, HeldOnPath.Error?.Code));

    [Fact]
    public void The_summary_names_three_and_the_timeline_all()
    {
        var task = After([.. ToGuarded("c1", "a", "b", "c", "d", "e"), Green]);
        Assert.Equal(5, task.Last.Detail!.Split('\n').Length);
        Assert.EndsWith(".github/workflows/c.yml (protected) and 2 more", task.Then(Draft).Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void Red_is_red_with_findings_or_without() => Assert.Equal(CollectingFeedback, After([.. ToGuarded("c1", "ci"), Red]).Phase);

    [Fact]
    public void A_later_push_without_the_finding_succeeds() =>
        Assert.Equal(Status.Success, After([.. ToGuarded("c1", "ci"), Red, Why(), .. ToCi("c2", "c1"), Green, Opened(), Green]).Status);

    [Fact]
    public void Continue_without_a_text_takes_the_change_and_runs_nobody()
    {
        var taken = Held().Then(Continue());
        Assert.Equal((OpeningPr, Status.Running, null, null), (taken.Phase, taken.Status, taken.Error, taken.FinishedAt));
        Assert.Equal(new OpenPullRequest(Draft: false), TaskMachine.Next(taken));
        var task = taken.Then(Opened(), Green);
        Assert.Equal((Status.Success, 1, "c1"), (task.Status, task.Attempts, task.HeadSha));

        Assert.Equal((Status.Success, Done, null), (HeldOnPath.Then(Continue()).Status, HeldOnPath.Then(Continue()).Phase, HeldOnPath.Then(Continue()).Error));
    }

    [Fact]
    public void Continue_without_a_text_costs_nothing_so_a_used_up_budget_doesnt_refuse_it()
    {
        var task = Held() with { MaxTokens = 5 };
        Assert.Null(TaskMachine.WhyNot(task, Continue()));
        Assert.Equal(ErrorCodes.BudgetExhausted, TaskMachine.WhyNot(task, Continue("more"))?.Code);
    }

    [Fact]
    public void Continue_with_a_text_takes_what_was_found_and_only_that()
    {
        var running = Held("ci").Then(Continue("more"));
        Assert.Equal((WaitingForWorker, Status.Queued), (running.Phase, running.Status));

        Assert.Equal(OpeningPr, running.Then([.. Run("c2", "c1"), PushGuarded("c2", "ci"), Green]).Phase);
        var same = running.Then([.. Run("c2", "c1"), PushGuarded("c2", "ci"), Green, Opened(), Green]);
        Assert.Equal(Status.Success, same.Status);

        var more = running.Then([.. Run("c2", "c1"), PushGuarded("c2", "ci", "deploy"), Green]);
        Assert.Equal((Status.NeedsReview, ErrorCodes.ProtectedChange), (more.Status, more.Error?.Code));
        Assert.EndsWith("look at .github/workflows/deploy.yml (protected)", more.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void An_instruction_given_before_a_person_was_told_takes_nothing()
    {
        var red = After([.. ToGuarded("c1", "ci"), Red, Continue("mind the till")]);
        Assert.Equal(ErrorCodes.ProtectedChange, red.Then([.. Run("c2", "c1"), PushGuarded("c2", "ci"), Green, Draft]).Error?.Code);
    }

    [Fact]
    public void A_person_who_takes_the_change_with_words_needs_no_further_change_of_the_agents()
    {
        var twice = Held().Then(Continue("it is fine"), Claim, Ready("c1"), ChangedNothing, Claim, Ready("c1"), ChangedNothing);
        Assert.Equal((WaitingForCi, new WatchCi("c1")), (twice.Phase, TaskMachine.Next(twice)));
        Assert.Equal(Status.Success, twice.Then(Green, Opened(), Green).Status);
    }

    [Fact]
    public void Merge_by_force_merges_the_judged_commit_and_takes_the_change()
    {
        var merging = Held().Then(ForceMerge);
        Assert.Equal((Merging, "c1", new MergePullRequest(new MergeOrder(Force: true))), (merging.Phase, merging.HeadSha, TaskMachine.Next(merging)));
        var task = merging.Then(new Merged("m1"));
        Assert.Equal((Status.Success, PullRequestState.Merged, null, "merged"), (task.Status, task.PullRequest?.State, task.Error, task.Summary));

        Assert.Equal((Status.Success, PullRequestState.Merged), (HeldOnPath.Then(ForceMerge, new Merged("m1")).Status, HeldOnPath.Then(ForceMerge, new Merged("m1")).PullRequest?.State));
    }

    [Fact]
    public void A_refused_merge_by_force_leaves_the_task_as_before()
    {
        var task = Held().Then(ForceMerge, new MergeRefused(ErrorCodes.MergeConflict, "both changed till.cs"));
        Assert.Equal((Status.NeedsReview, ErrorCodes.ProtectedChange, ErrorCodes.MergeConflict), (task.Status, task.Error?.Code, task.MergeRefusal?.Code));
        Assert.Null(TaskMachine.WhyNot(task, ForceMerge));
    }

    [Fact]
    public void Without_a_pull_request_force_says_how_to_get_one()
    {
        var task = Held() with { PullRequest = null };
        Assert.Contains("ampx continue", TaskMachine.WhyNot(task, ForceMerge)?.Detail, StringComparison.Ordinal);
        Assert.Throws<IllegalTransitionException>(() => task.Then(ForceMerge));
        Assert.Equal((OpeningPr, new OpenPullRequest(Draft: false)), (task.Then(Continue()).Phase, TaskMachine.Next(task.Then(Continue()))));
    }

    [Fact]
    public void A_closed_pull_request_gets_another_when_the_change_is_taken() =>
        Assert.Equal((OpeningPr, null), (Held().Then(Seen(PullRequestState.Closed), Continue()).Phase, Held().Then(Seen(PullRequestState.Closed), Continue()).PullRequest));

    [Fact]
    public void What_a_person_has_merged_a_person_has_taken()
    {
        var ready = After([.. Run("c1"), new Pushed("c1", PullRequestFirst: true, ((Pushed)PushGuarded("c1", "ci")).Guards), Draft]);
        var merged = ((PullRequestSeen)Seen(PullRequestState.Merged)).PullRequest;
        Assert.Equal(Status.Success, ready.Then(((CiPassed)Green) with { PullRequest = merged }).Status);
    }

    [Fact]
    public void An_armed_auto_merge_is_taken_back()
    {
        var armed = After([.. ToSuccess, Merge, new AutoMergeArmed(), Continue("more"), .. Run("c2", "c1"), PushGuarded("c2", "ci"), Green]);
        Assert.Equal((Merging, Status.NeedsReview, new MergePullRequest(new MergeOrder(Disarm: true))), (armed.Phase, armed.Status, TaskMachine.Next(armed)));
        var task = armed.Then(new AutoMergeDisarmed());
        Assert.Equal((Done, Status.NeedsReview, ErrorCodes.ProtectedChange, false), (task.Phase, task.Status, task.Error?.Code, task.PullRequest?.AutoMerge));
    }

    [Fact]
    public void A_wanted_auto_merge_waits_for_the_person()
    {
        var held = New(Order with { AutoMerge = true }).Then([.. ToGuarded("c1", "ci"), Green, Draft]);
        Assert.Equal((Done, Status.NeedsReview), (held.Phase, held.Status));
        Assert.Equal(Merging, held.Then(Continue(), Opened(), Green).Phase);
    }

    [Fact]
    public void States_from_before_there_were_guards_read_as_states_without_findings()
    {
        var json = JsonNode.Parse(JsonSerializer.Serialize(After(ToCi("c1")), AmpxJson.Options))!.AsObject();
        foreach (var added in new[] { "guarded", "overruled", "green_sha" }) Assert.True(json.Remove(added), added);
        var old = json.Deserialize<TaskState>(AmpxJson.Options)!;
        Assert.Equal(Status.Success, old.Then(Green, Opened(), Green).Status);
    }

    [Fact]
    public void A_path_is_shown_on_one_line_and_not_without_end()
    {
        var lines = GuardWords.Lines([new(GuardKind.TestDeleted, "tests/\n\u001b[31m" + new string('x', 300) + ".py", "1"), new(GuardKind.More, "7 findings more", "2")]);
        Assert.Equal(2, lines.Count);
        Assert.StartsWith("…xxx", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("x.py (test deleted)", lines[0], StringComparison.Ordinal);
        Assert.Equal("7 findings more", lines[1]);
        Assert.DoesNotContain(GuardWords.Lines([new(GuardKind.TestDeleted, "a\n\u001b[31m.py", "1")])[0], char.IsControl);
    }
}
