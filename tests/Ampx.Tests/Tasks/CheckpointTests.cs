using Ampx.Core.Tasks;
using FsCheck;
using FsCheck.Xunit;
using Xunit;
using static Ampx.Core.Tasks.Phase;
using static Ampx.Tests.Tasks.Story;

namespace Ampx.Tests.Tasks;

/// <summary>What the task knows of the work at its own ref.</summary>
public class CheckpointTests
{
    private static Checkpointed Checkpoint(string? sha) => new Checkpointed(sha);

    [Fact]
    public void It_is_known_until_the_work_is_at_the_branch()
    {
        var task = After(Claim, Ready(), Checkpoint("k1"), Checkpoint("k2"), Lost);
        Assert.Equal((WaitingForWorker, "k2"), (task.Phase, task.Checkpoint));
        task = task.Then(Run("c1"));
        Assert.Equal((Publishing, "k2"), (task.Phase, task.Checkpoint));
        Assert.Null(task.Then(Push("c1")).Checkpoint);
    }

    [Fact]
    public void An_aborted_task_keeps_it_for_a_continue()
    {
        var task = After(Claim, Ready(), Abort, Checkpoint("k1"), new RunStopped());
        Assert.Equal((Done, Status.Aborted, "k1"), (task.Phase, task.Status, task.Checkpoint));
        Assert.Equal("k1", task.Then(Continue("go on"), Claim).Checkpoint);
    }

    [Fact]
    public void It_changes_nothing_else()
    {
        var refused = After([.. ToSuccess, Merge, new MergeRefused(ErrorCodes.MergeConflict, "both changed till.cs")]);
        var after = refused.Then(Checkpoint("k1"));
        Assert.Equal(refused with { Checkpoint = "k1", Version = after.Version, UpdatedAt = after.UpdatedAt, Last = after.Last }, after);
        var agent = After(Claim, Ready());
        Assert.Equal(agent.Step, agent.Then(Checkpoint("k1")).Step);
    }

    [Fact]
    public void The_agent_is_told_that_work_lies_there()
    {
        var ready = (Prepared)Ready();
        Assert.Equal(Order.Prompt, Prompts.Of(After(Claim, ready)));
        var restored = After(Claim, ready with { Restored = true });
        Assert.StartsWith(Order.Prompt, Prompts.Of(restored), StringComparison.Ordinal);
        Assert.Contains("lies in this checkout, not yet committed", Prompts.Of(restored), StringComparison.Ordinal);
        Assert.Equal(Order.Prompt, Prompts.Of(restored.Then(Lost, Claim, ready)));
    }

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void Only_a_checkpoint_or_a_push_changes_it(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        if (now.News is Pushed) Assert.Null(now.After.Checkpoint);
        else if (now.News is Checkpointed kept) Assert.Equal((kept.Sha, now.Before.Phase, now.Before.Step), (now.After.Checkpoint, now.After.Phase, now.After.Step));
        else Assert.Equal(now.Before.Checkpoint, now.After.Checkpoint);
    });
}
