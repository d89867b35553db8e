using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class OrdersTests(GatewayHost gateway) : IClassFixture<GatewayHost>
{
    private readonly FakeTask task = gateway.Tasks.Has(Ulid.NewUlid().ToString());

    private string Path => $"/api/v1/tasks/{task.State!.Id}";

    [Fact]
    public async Task An_abort_is_taken_once_and_then_refused_with_the_reason()
    {
        Assert.Equal(204, (await gateway.Patch(Path, """{"action":"abort"}""")).Status);
        Assert.Equal((Status.Aborted, Environment.UserName), (task.State!.Status, task.State.Last.By));
        var again = (await gateway.Patch(Path, """{"action":"abort"}""")).Problem(409, "conflict");
        Assert.Contains("running", again.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Continue_takes_an_instruction_and_new_limits()
    {
        task.Hears(new AbortRequested());
        Assert.Equal(204, (await gateway.Patch(Path, """{"action":"continue","prompt":"and the docs","max_attempts":7}""")).Status);
        Assert.Equal((Status.Queued, "and the docs", 7), (task.State!.Status, task.State.Prompt, task.State.MaxAttempts));
        Assert.Equal(204, (await gateway.Patch(Path, """{"action":"continue"}""")).Status);
    }

    [Fact]
    public async Task A_branch_that_is_gone_takes_no_continue()
    {
        gateway.Facts.BranchGone = new("branch_gone", "somebody deleted it");
        try
        {
            Assert.Equal(204, (await gateway.Patch(Path, """{"action":"continue","prompt":"x"}""")).Status);
            task.Hears(new AbortRequested());
            (await gateway.Patch(Path, """{"action":"continue","prompt":"x"}""")).Problem(409, "branch_gone");
            Assert.Equal(Status.Aborted, task.State!.Status);
        }
        finally
        {
            gateway.Facts.BranchGone = null;
        }
    }

    [Fact]
    public async Task An_armed_merge_is_answered_once_it_is_armed_and_an_abort_once_it_is_taken_back()
    {
        task.Succeeds().State = task.State! with { PullRequest = new(5, "https://x/5", PullRequestState.Open) };
        task.OnMerge = new AutoMergeArmed();
        Assert.Equal(204, (await gateway.Patch(Path, """{"action":"merge","auto":true}""")).Status);
        Assert.True(task.State!.PullRequest!.AutoMerge);

        task.OnMerge = new MergeRefused("not_mergeable", "GitHub said no");
        (await gateway.Patch(Path, """{"action":"abort"}""")).Problem(409, "not_mergeable");
        task.OnMerge = new AutoMergeDisarmed();
        Assert.Equal(204, (await gateway.Patch(Path, """{"action":"abort"}""")).Status);
        Assert.False(task.State!.PullRequest!.AutoMerge);
    }

    [Theory]
    [InlineData("{}", "action")]
    [InlineData("""{"action":"stop"}""", "action")]
    [InlineData("""{"action":3}""", "action")]
    [InlineData("""{"action":"continue","prompt":"  "}""", "prompt")]
    [InlineData("""{"action":"continue","max_attempts":21,"max_tokens":-1,"max_time":"00:00:00"}""", "max_attempts", "max_time", "max_tokens")]
    [InlineData("""{"action":"continue","method":"squash","auto":true}""", "auto", "method")]
    [InlineData("""{"action":"abort","prompt":"x","force":true}""", "force", "prompt")]
    [InlineData("""{"action":"merge","method":"octopus"}""", "method")]
    [InlineData("""{"action":"merge","methd":"squash"}""", "methd")]
    public async Task A_mistake_in_an_order_is_named_by_its_field(string json, params string[] fields) => (await gateway.Patch(Path, json)).BadFields(fields);

    [Fact]
    public async Task An_unknown_action_is_told_the_three()
    {
        var detail = (await gateway.Patch(Path, """{"action":"stop"}""")).Problem(400, "bad_request").GetProperty("detail").GetString()!;
        Assert.All(["continue", "abort", "merge"], action => Assert.Contains(action, detail, StringComparison.Ordinal));
    }

    [Fact]
    public async Task If_Match_guards_against_a_task_that_moved_on()
    {
        (await gateway.Patch(Path, """{"action":"abort"}""", ("If-Match", "\"9\""))).Problem(412, "precondition_failed");
        (await gateway.Patch(Path, """{"action":"abort"}""", ("If-Match", "W/\"1\""))).Problem(412, "precondition_failed");
        (await gateway.Patch(Path, """{"action":"abort"}""", ("If-Match", "1 2"))).Problem(400, "bad_request");
        Assert.Equal(204, (await gateway.Patch(Path, """{"action":"continue"}""", ("If-Match", "*"))).Status);
        Assert.Equal(204, (await gateway.Patch(Path, """{"action":"abort"}""", ("If-Match", "\"2\""))).Status);
    }

    [Fact]
    public async Task A_merge_is_answered_once_it_is_merged()
    {
        task.Succeeds().OnMerge = new Merged("m1");
        Assert.Equal(204, (await gateway.Patch(Path, """{"action":"merge","method":"rebase","delete_branch":true}""")).Status);
        Assert.Equal(new MergeOrder(MergeMethod.Rebase, DeleteBranch: true), task.Past.Last(past => past.Phase is Phase.Merging).Merge);
    }

    [Theory]
    [InlineData("not_mergeable")]
    [InlineData("merge_conflict")]
    [InlineData("branch_gone")]
    public async Task A_refused_merge_says_why(string code)
    {
        task.Succeeds().OnMerge = new MergeRefused(code, "the branch moved");
        var problem = (await gateway.Patch(Path, """{"action":"merge"}""")).Problem(409, code);
        Assert.Equal("the branch moved", problem.GetProperty("detail").GetString());
        Assert.Equal(Status.Success, task.State!.Status);
    }

    [Fact]
    public async Task Only_a_green_task_is_merged() => (await gateway.Patch(Path, """{"action":"merge"}""")).Problem(409, "not_mergeable");

    [Fact]
    public async Task A_merge_that_takes_longer_than_25_seconds_is_answered_all_the_same()
    {
        task.Succeeds();
        var answer = gateway.Patch(Path, """{"action":"merge"}""");
        var steps = 0;
        for (; !answer.IsCompleted; steps++)
        {
            gateway.Time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.Equal(204, (await answer).Status);
        Assert.Equal(Phase.Merging, task.State!.Phase);
        Assert.True(steps >= 250, $"answered after {steps} steps");
    }
}
