using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Workflows;
using Ampx.Silo.Grains;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.FakeGitHub;
using Orleans.Runtime;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>What a watch over many tasks must not miss.</summary>
public class CiWatchMovesTests
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("AMPX_LONG") is "1";

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_rerun_of_CIs_own_fault_is_waited_for_and_judged_by_its_second_attempt(int tasks)
    {
        await using var stage = await WatchStage.Start();
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, tasks);
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, run) in waiting)
        {
            await stage.SeesCi(task);
            stage.GitHub.Site.Actions.Update(repository, run, new RunSpec { Conclusion = "failure", Jobs = [new JobSpec { Steps = [] }] });
        }

        await Forge.Until(() => waiting.All(entry => entry.Run is { RunAttempt: 2, Status: not "completed" }));
        foreach (var (_, run) in waiting) stage.Complete(repository, run);
        foreach (var (task, _) in waiting) Assert.Equal(Status.Success, (await stage.Ended(task)).Status);
    }

    [Fact]
    public async Task A_second_workflow_that_starts_late_is_not_hidden_by_a_green_one()
    {
        await using var stage = await WatchStage.Start(1, ("Ci:SettleTime", "00:00:04"));
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, 2);
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, run) in waiting)
        {
            await stage.SeesCi(task);
            stage.Complete(repository, run);
        }

        var (late, other) = (waiting[0].Task, waiting[1].Task);
        var second = stage.GitHub.Site.Actions.Add(repository, late.HeadSha!, "main", new RunSpec { Name = "Lint", Path = ".github/workflows/lint.yml", Status = "queued" });
        Assert.Equal(Status.Success, (await stage.Ended(other)).Status);
        Assert.Equal(Phase.WaitingForCi, (await stage.Silo.Task(late.Id).Find())!.Phase);
        stage.Complete(repository, second, "failure");
        Assert.Equal("red", (await stage.Silo.Until(late.Id, now => now.Attempt?.Ci is not null)).Attempt!.Ci!.Verdict);
    }

    [Fact]
    public async Task Runs_are_seen_although_our_clock_is_an_hour_ahead_of_GitHubs()
    {
        await using var stage = await WatchStage.Start(new HourAhead());
        var repository = await stage.Repository();
        var waiting = new List<(TaskState Task, Ampx.FakeGitHub.Workflows.WorkflowRun Run)>();
        foreach (var sha in Enumerable.Range(1, 3))
            waiting.Add((await stage.Plant(sha, since: new HourAhead().GetUtcNow()), stage.GitHub.Site.Actions.Add(repository, WatchStage.Sha(sha), "main", new RunSpec { Status = "in_progress" })));
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, run) in waiting)
        {
            await stage.SeesCi(task);
            stage.Complete(repository, run);
        }

        foreach (var (task, _) in waiting) Assert.Equal(Status.Success, (await stage.Ended(task)).Status);
    }

    private sealed class HourAhead : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddHours(1);
    }

    [Fact]
    public async Task Beyond_the_thousand_runs_that_GitHub_lists_a_task_is_looked_at_by_itself()
    {
        await using var stage = await WatchStage.Start(1, ("Ci:PollInterval", "00:00:00.5"));
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, 12);
        for (var other = 0; other < 1_000; other++)
            stage.GitHub.Site.Actions.Add(repository, WatchStage.Sha(5_000 + other), "main", new RunSpec { Conclusion = "success" });
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, _) in waiting) await stage.SeesCi(task);
        foreach (var (_, run) in waiting) stage.Complete(repository, run);
        foreach (var (task, _) in waiting) Assert.Equal(Status.Success, (await stage.Ended(task)).Status);
        Assert.Contains(stage.Listings, call => call.Query.EndsWith("page=10", StringComparison.Ordinal));
        Assert.DoesNotContain(stage.Listings, call => call.Query.EndsWith("page=11", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_silo_that_dies_takes_no_watch_with_it()
    {
        await using var stage = await WatchStage.Start(2);
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, 3);
        var wake = stage.Silo.Grains.GetGrain<IWakeGrain>(0);
        await wake.Start();
        foreach (var (task, _) in waiting) await stage.SeesCi(task);
        await stage.Silo.KillSiloOf(stage.Watch());
        // In the service the membership's news of a dead silo does this.
        if (!Long) await Stage.Until(() => IsDone(() => wake.Resume()), "the shard has been taken up");
        foreach (var (_, run) in waiting) stage.Complete(repository, run);
        foreach (var (task, _) in waiting) await Stage.Until(() => IsGreen(task), "the task is green on the silo that is left");

        Task<bool> IsGreen(TaskState task) => IsSo(async () => await stage.Silo.Task(task.Id).Find() is { Status: Status.Success, Phase: Phase.Done });

        Task<bool> IsDone(Func<Task> call) => IsSo(async () =>
        {
            await call();
            return true;
        });

        async Task<bool> IsSo(Func<Task<bool>> look)
        {
            try
            {
                return await look();
            }
            catch (Exception dying) when (dying is OrleansException or ObjectDisposedException or TimeoutException)
            {
                // In one process a dead silo still answers for a moment, with its storage closed.
                return false;
            }
        }
    }

    [Fact]
    public async Task A_delivery_is_looked_after_at_once_and_once()
    {
        await using var stage = await WatchStage.Start(1, ("Ci:PollInterval", "00:10:00"));
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, 2);
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, _) in waiting) await stage.SeesCi(task);
        var (before, first) = (stage.Calls.Count, waiting[0]);
        await stage.Watch().Hint("delivery-1", first.Task.HeadSha);
        await Forge.Until(() => stage.Calls.Count == before + 1);
        await stage.Watch().Hint("delivery-1", first.Task.HeadSha);
        await stage.Watch().Hint("delivery-2", WatchStage.Sha(999));
        stage.Complete(repository, first.Run);
        await stage.Watch().Hint("delivery-3", first.Task.HeadSha);
        Assert.Equal(Status.Success, (await stage.Ended(first.Task)).Status);
        // The listing that saw the end, the full one behind the verdict, and what became of the pull request.
        Assert.Equal(before + 4, stage.Calls.Count);
        stage.Complete(repository, waiting[1].Run);
        await stage.Watch().Hint("delivery-4", null);
        Assert.Equal(Status.Success, (await stage.Ended(waiting[1].Task)).Status);
    }

    [Fact]
    public async Task A_delivery_that_comes_before_its_task_is_known_here_is_not_lost()
    {
        await using var stage = await WatchStage.Start(1, ("Ci:PollInterval", "00:10:00"));
        var repository = await stage.Repository();
        var (first, _) = (await stage.PlantWithRuns(repository, 1))[0];
        await stage.Watch().Start(["acme/shop"]);
        await stage.SeesCi(first);
        stage.GitHub.Site.Actions.Add(repository, WatchStage.Sha(2), "main", new RunSpec { Conclusion = "success" });
        await stage.Watch().Hint("delivery-1", WatchStage.Sha(2));
        var second = await stage.Plant(2);
        await stage.Watch().Watch(second.Id, second.Step);
        Assert.Equal(Status.Success, (await stage.Ended(second)).Status);
        Assert.Equal(Phase.WaitingForCi, (await stage.Silo.Task(first.Id).Find())!.Phase);
    }

    [Fact]
    public async Task A_commit_that_was_green_before_its_pull_request_was_opened_is_read_again_when_it_has_settled()
    {
        await using var stage = await WatchStage.Start(1, ("Ci:PollInterval", "00:10:00"), ("Ci:SettleTime", "00:00:01"));
        var repository = await stage.Repository();
        var (first, _) = (await stage.PlantWithRuns(repository, 1))[0];
        await stage.Watch().Start(["acme/shop"]);
        await stage.SeesCi(first);
        stage.GitHub.Site.Actions.Add(repository, WatchStage.Sha(2), "main", new RunSpec { Conclusion = "success" });
        var again = await stage.Plant(2, ci: new CiReport("green", []));
        await stage.Watch().Watch(again.Id, again.Step);
        Assert.Equal(Status.Success, (await stage.Ended(again)).Status);
    }

    [Fact]
    public async Task While_webhooks_arrive_nobody_polls()
    {
        await using var stage = await WatchStage.Start();
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, 2);
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, _) in waiting) await stage.SeesCi(task);
        await Forge.Until(() => stage.Listings.Count > 3);
        await stage.Watch().Hint("delivery-1", WatchStage.Sha(999));
        await Task.Delay(500);
        var before = stage.Calls.Count;
        await Task.Delay(1500);
        Assert.Equal(before, stage.Calls.Count);
    }

    [Fact]
    public async Task An_aborted_task_is_forgotten_and_the_others_are_still_watched()
    {
        await using var stage = await WatchStage.Start();
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, 2);
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, _) in waiting) await stage.SeesCi(task);
        Assert.Null(await stage.Silo.Task(waiting[0].Task.Id).Order(new AbortRequested(), null));
        foreach (var (_, run) in waiting) stage.Complete(repository, run);
        Assert.Equal(Status.Success, (await stage.Ended(waiting[1].Task)).Status);
        Assert.Equal(Status.Aborted, (await stage.Silo.Task(waiting[0].Task.Id).Find())!.Status);
    }
}
