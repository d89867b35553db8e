using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Tasks;
using FsCheck;
using FsCheck.Xunit;
using Xunit;
using static Ampx.Core.Tasks.Phase;

namespace Ampx.Tests.Tasks;

/// <summary>What holds in every life of a task, whatever happens in whatever order.</summary>
public class LifeTests
{
    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void Attempts_never_go_over_their_limit(DoNotSize<int>[] choices) =>
        Assert.All(Life.Of(choices), now => Assert.InRange(now.After.Attempts, 0, now.After.MaxAttempts));

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void Version_grows_by_one_with_every_change(DoNotSize<int>[] choices) =>
        Assert.All(Life.Of(choices), now => Assert.Equal(now.Before.Version + 1, now.After.Version));

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void Step_grows_when_a_phase_is_entered_and_never_falls(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        Assert.True(now.After.Step >= now.Before.Step);
        if (now.After.Phase != now.Before.Phase) Assert.True(now.After.Step > now.Before.Step);
        if (now.After.Step == now.Before.Step) Assert.Equal(now.Before.Phase, now.After.Phase);
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void Ended_stays_ended_but_for_continue_and_merge(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices).Where(now => now.Before.Ended), now =>
    {
        Assert.True(now.News is ContinueRequested or MergeRequested || now.After.Ended || now.After.Merge is { Disarm: true }, $"{now.News} woke an ended task");
        if (now.News is not ContinueRequested) Assert.Equal(now.Before.Status, now.After.Status);
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void A_task_has_an_end_time_exactly_while_it_has_ended(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        var ended = now.After.Status is Status.NeedsReview or Status.Success or Status.Aborted or Status.Error && now.After.Phase is not Stopping;
        Assert.Equal(ended, now.After.FinishedAt is not null);
        Assert.Equal(ended, now.After.Phase is Done or Merging);
        Assert.Equal(now.After.Ended && !Watched(now.After), now.After.NextWakeAt is null);
        // An auto-merge can be taken back from whatever end a later instruction came to.
        if (now.After is { Phase: Merging, Merge.Disarm: false }) Assert.Equal(now.After.Error is null ? Status.Success : Status.NeedsReview, now.After.Status);
        if (now.After is { Phase: Merging, Merge: { Disarm: false, Force: false } }) Assert.Equal(Status.Success, now.After.Status);
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void An_end_has_its_cause_unless_it_needs_none(DoNotSize<int>[] choices) =>
        Assert.All(Life.Of(choices).Where(now => now.After.Ended), now =>
            Assert.Equal(now.After.Status is Status.NeedsReview or Status.Error, now.After.Error is not null));

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void There_is_always_something_to_do_and_to_say(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        Assert.Equal(TaskMachine.Next(now.After), TaskMachine.Next(now.After));
        Assert.Equal(now.After.Ended && !Watched(now.After), TaskMachine.Next(now.After) is Rest);
        Assert.InRange(now.After.Summary.Length, 1, 300);
        Assert.DoesNotContain('\n', now.After.Summary);
        Assert.StartsWith(now.After.Prompt, Prompts.Of(now.After));
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void A_worker_holds_the_task_exactly_in_the_phases_of_a_run(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        var held = now.After.Phase is Preparing or Agent or Publishing or Stopping;
        if (now.After.Phase is not WaitingForCi) Assert.Equal(held, now.After.Run is not null);
        else if (now.After.Run is { } run) Assert.Equal((RunKind.Ci, ForgeKind.Git), (run.Kind, now.After.Forge));
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void A_running_run_is_never_exchanged(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        if (now.Before.Run is { } run && now.After.Run is { } other) Assert.Equal(run, other);
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void Attempt_numbers_are_unique_and_grow(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        var (before, after) = (now.Before.Attempt, now.After.Attempt);
        Assert.InRange((after?.Number ?? 0) - (before?.Number ?? 0), 0, 1);
        if (before is not null && after?.Number == before.Number)
            Assert.Equal((before.StartedAt, before.Instruction), (after.StartedAt, after.Instruction));
        if (after?.Number != before?.Number) Assert.True(now.News is Claimed && before is not { FinishedAt: null }, "an attempt began before the last was closed");
        if (now.After.Ended && after is not null && !now.After.Unpublished) Assert.NotNull(after.FinishedAt);
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void Only_a_commit_of_this_tasks_own_waits_to_be_pushed(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        if (now.After.Unpublished && !now.Before.Unpublished) Assert.IsType<AgentCommitted>(now.News);
        if (now.After.Phase is WaitingForCi or CollectingFeedback) Assert.Equal(now.After.RemoteSha, now.After.HeadSha);
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void What_is_stored_reads_back_the_same(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices).TakeLast(10), now =>
    {
        var json = JsonSerializer.Serialize(now.After, AmpxJson.Options);
        var back = JsonSerializer.Deserialize<TaskState>(json, AmpxJson.Options)!;
        Assert.Equal(json, JsonSerializer.Serialize(back, AmpxJson.Options));
        Assert.Equal(TaskMachine.Next(now.After), TaskMachine.Next(back));
        Assert.Equivalent(now.After, back, strict: true);
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void Nothing_succeeds_with_what_no_person_has_taken(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        if (now.After is { Phase: Done, Status: Status.Success, PullRequest: not { State: PullRequestState.Merged } } && now.Before.Status is not Status.Success)
            Assert.All(now.After.Guarded, found => Assert.Contains(found.Mark, now.After.Overruled));
        if (now.News is not (ContinueRequested or Merged or AutoMergeArmed)) Assert.Equal(now.Before.Overruled, now.After.Overruled);
        if (now.After is { Phase: Done, Error.Code: ErrorCodes.ProtectedChange }) Assert.Equal(now.After.HeadSha, now.After.GreenSha);
    });

    [Property(MaxTest = 1500, StartSize = 60, EndSize = 160)]
    public void No_instruction_is_lost_or_repeated(DoNotSize<int>[] choices)
    {
        var life = Life.Of(choices).ToList();
        var given = life.Select(now => (now.News as ContinueRequested)?.Prompt).OfType<string>().ToList();
        foreach (var text in given)
        {
            var seen = false;
            var left = false;
            var was = false;
            foreach (var now in life)
            {
                var task = now.After;
                var waits = task.PendingInstructions.Count(t => t == text);
                var current = task.Prompt.Split("\n\n").Count(t => t == text);
                var known = was || now.News is ContinueRequested { Prompt: { } given1 } && given1 == text;
                Assert.True(waits + current == (known && !left ? 1 : 0) || (was && current == 0 && waits == 0), $"{text}: {waits} times pending, {current} times in the prompt after {now.News}");
                if (was && !left && waits + current == 0)
                {
                    left = true;
                    var overruled = now.News is ContinueRequested && now.Before.Phase is Done || now.News is RunStopped or WorkerLost && now.Before.Phase is Stopping;
                    Assert.True(seen || overruled, $"{text} went before an agent saw it, by {now.News}");
                }

                if (current == 1 && task.Phase is Agent) seen = true;
                if (current == 1 && task is { Phase: Done, Status: Status.Success }) Assert.True(seen, $"success without a run for {text}");
                was |= known;
            }
        }
    }

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void An_order_that_isnt_refused_is_taken(DoNotSize<int>[] choices) => Assert.All(Life.Of(choices), now =>
    {
        foreach (var order in new[] { Story.Abort, Story.Continue("more"), Story.Continue(), Story.Merge, Story.ForceMerge })
        {
            if (TaskMachine.WhyNot(now.After, order) is null) TaskMachine.Apply(now.After, order with { At = now.After.UpdatedAt }, Story.Rules);
        }
    });

    [Property(MaxTest = 400, StartSize = 60, EndSize = 160)]
    public void Every_life_can_still_end(DoNotSize<int>[] choices)
    {
        var task = Life.Of(choices).Select(now => now.After).LastOrDefault(Story.New());
        for (var tries = 0; !task.Ended; tries++)
        {
            Assert.True(tries < 20, $"no end in sight from {task.Phase}");
            task = task.Then(task.Phase switch
            {
                BackingOff => Story.Waited,
                OpeningPr => Story.Opened(),
                Merging => task.Resume is Merging ? Story.Waited : new Merged("m"),
                Stopping => new RunStopped(),
                _ => Story.Abort,
            });
        }
    }

    private static bool Watched(TaskState task) => task is { PullRequest.AutoMerge: true, ArmedUntil: not null };
}
