using Ampx.Core.Tasks;
using Xunit;
using static Ampx.Tests.Tasks.Story;

namespace Ampx.Tests.Tasks;

/// <summary>Which orders of people's are refused in which state, and with which words.</summary>
public class WhyNotTests
{
    private const string Abortable = "only queued, running and retrying tasks can be aborted";

    [Theory]
    [InlineData("waiting_for_worker", null)]
    [InlineData("preparing", null)]
    [InlineData("agent", null)]
    [InlineData("publishing", null)]
    [InlineData("waiting_for_ci", null)]
    [InlineData("collecting_feedback", null)]
    [InlineData("backing_off", null)]
    [InlineData("opening_pr", null)]
    [InlineData("opening_pr for a review", null)]
    [InlineData("merging", "conflict: is being merged; " + Abortable)]
    [InlineData("stopping", "conflict: is being stopped already; " + Abortable)]
    [InlineData("done with success", "conflict: has ended as success; " + Abortable)]
    [InlineData("done with needs_review", "conflict: has ended as needs_review; " + Abortable)]
    [InlineData("done, merged", "conflict: has ended as success; " + Abortable)]
    public void Abort(string task, string? refusal) => Assert.Equal(refusal, Words(task, Story.Abort));

    [Theory]
    [InlineData("waiting_for_worker", null)]
    [InlineData("preparing", null)]
    [InlineData("agent", null)]
    [InlineData("publishing", null)]
    [InlineData("waiting_for_ci", null)]
    [InlineData("collecting_feedback", null)]
    [InlineData("backing_off", null)]
    [InlineData("opening_pr", null)]
    [InlineData("opening_pr for a review", null)]
    [InlineData("stopping", null)]
    [InlineData("done with success", null)]
    [InlineData("done with needs_review", null)]
    [InlineData("done with protected_change", null)]
    [InlineData("merging", "conflict: is being merged; a task in any other phase can be continued, this one unless it gets merged")]
    [InlineData("done, merged", "branch_gone: is merged, so its branch amp/mend-the-till-vwxyz0 takes no more work: start a new task")]
    public void Continue(string task, string? refusal) => Assert.Equal(refusal, Words(task, Story.Continue("more")));

    [Theory]
    [InlineData("waiting_for_worker", "queued")]
    [InlineData("preparing", "running")]
    [InlineData("agent", "running")]
    [InlineData("publishing", "running")]
    [InlineData("waiting_for_ci", "running")]
    [InlineData("collecting_feedback", "retrying")]
    [InlineData("backing_off", "retrying")]
    [InlineData("opening_pr", "running")]
    [InlineData("opening_pr for a review", "retrying")]
    [InlineData("stopping", "aborted")]
    [InlineData("done with needs_review", "needs_review")]
    public void Merge_is_for_success_only(string task, string status) =>
        Assert.Equal($"not_mergeable: is {status}, not success: only a commit that CI found green is merged", Words(task, Story.Merge));

    [Fact]
    public void Merge_of_what_a_guard_holds_takes_force()
    {
        Assert.Equal("not_mergeable: is needs_review: CI is green, but a person has to look at .github/workflows/ci.yml (protected); 'ampx merge --force' merges it all the same", Words("done with protected_change", Merge));
        Assert.Null(Words("done with protected_change", ForceMerge));
        Assert.Equal("not_mergeable: is needs_review, not success: only a commit that CI found green is merged", Words("done with needs_review", ForceMerge));
    }

    [Fact]
    public void Merge_is_taken_once()
    {
        Assert.Null(Words("done with success", Merge));
        Assert.Equal("conflict: is being merged already; only a task with status success that isn't merged can be", Words("merging", Merge));
        Assert.Equal("conflict: is merged already; only a task with status success that isn't merged can be", Words("done, merged", Merge));
    }

    [Fact]
    public void A_success_with_auto_merge_armed_can_be_aborted()
    {
        var task = Samples.Tasks["done with success"];
        Assert.Null(TaskMachine.WhyNot(task with { PullRequest = task.PullRequest! with { AutoMerge = true } }, Story.Abort));
    }

    [Theory]
    [InlineData("done with needs_review", true)]
    [InlineData("waiting_for_ci", true)]
    [InlineData("agent", false)]
    public void A_used_up_budget_refuses_a_new_run_but_lets_an_instruction_wait(string name, bool refused)
    {
        var task = Samples.Tasks[name] with { MaxTokens = 5, Usage = new(4, 0, 1) };
        var refusal = TaskMachine.WhyNot(task, Story.Continue("more"));
        Assert.Equal(refused ? "5 of 5 tokens are used: give a higher limit with the instruction" : null, refusal?.Detail);
        Assert.Null(TaskMachine.WhyNot(task, new ContinueRequested(null, MaxTokens: 6)));
    }

    [Fact]
    public void What_a_worker_says_is_no_order() => Assert.Throws<ArgumentException>(() => TaskMachine.WhyNot(New(), Lost));

    /// <summary>Code and words without the task's name; a refused order must leave no way in through the machine where that is about the phase.</summary>
    private static string? Words(string name, TaskEvent order)
    {
        var task = Samples.Tasks[name];
        var refusal = TaskMachine.WhyNot(task, order);
        if (refusal is null) Assert.NotNull(TaskMachine.Apply(task, order, Rules));
        else Assert.Throws<IllegalTransitionException>(() => TaskMachine.Apply(task, order, Rules));
        return refusal is null ? null : $"{refusal.Code}: {refusal.Detail.Replace($"task {task.Id} ", "", StringComparison.Ordinal)}";
    }
}
