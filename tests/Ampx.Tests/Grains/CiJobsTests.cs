using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Control;
using Ampx.FakeGitHub.Workflows;
using Ampx.Tests.EndToEnd;
using Ampx.Tests.FakeGitHub;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>How many of CI's jobs have ended: known to those who watch, at no cost to others.</summary>
public sealed class CiJobsTests
{
    private static readonly JobSpec Test = new() { Name = "test" }, Lint = new() { Name = "lint" }, Pack = new() { Name = "pack" };

    [Fact]
    public async Task Jobs_are_counted_for_who_watches_and_for_nobody_else()
    {
        await using var stage = await WatchStage.Start();
        var repository = await stage.Repository();
        var (watched, other) = (await stage.Plant(1), await stage.Plant(2));
        var build = stage.GitHub.Site.Actions.Add(repository, WatchStage.Sha(1), "main", new RunSpec { Status = "in_progress", Jobs = [Test, Lint with { Conclusion = "failure" }, Pack with { Status = "queued" }] });
        var docs = stage.GitHub.Site.Actions.Add(repository, WatchStage.Sha(1), "main", new RunSpec { Name = "Docs", Path = ".github/workflows/docs.yml", Conclusion = "success" });
        stage.GitHub.Site.Actions.Add(repository, WatchStage.Sha(2), "main", new RunSpec { Status = "in_progress" });
        await stage.Watch().Start(["acme/shop"]);
        await stage.SeesCi(watched);
        await stage.SeesCi(other);
        Assert.Empty(Counted(stage));
        Assert.Equal(new TaskProgress("jobs", 2, 4), await Told(stage, watched, progress => progress is { Total: 4 }));

        stage.GitHub.Site.Actions.Update(repository, build, new RunSpec { Status = "in_progress", Jobs = [Test with { Conclusion = "success" }, Lint with { Conclusion = "failure" }, Pack] });
        Assert.Equal(new TaskProgress("jobs", 3, 4), await Told(stage, watched, progress => progress is { Done: 3 }));

        // What hasn't moved costs nothing, and a run that has ended isn't asked for again.
        await Forge.Until(() => Counted(stage).TakeLast(3).All(call => call.Status == 304));
        Assert.EndsWith($"/runs/{docs.Id}/jobs", Assert.Single(Counted(stage), call => !call.Path.EndsWith($"/runs/{build.Id}/jobs", StringComparison.Ordinal)).Path, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_known_of_a_step_that_is_over_is_told_no_more()
    {
        await using var stage = await WatchStage.Start();
        var task = await stage.Plant(1);
        await stage.Silo.Task(task.Id).Report(task.Step, new TaskProgress("jobs", 1, 2));
        await Told(stage, task, progress => progress is not null);
        await stage.Silo.Task(task.Id).Report(task.Step - 1, new TaskProgress("objects", 9, 9));
        Assert.Null(await Told(stage, task, progress => progress is null));
    }

    private static List<LoggedRequest> Counted(WatchStage stage) => [.. stage.Calls.Where(call => call.Path.EndsWith("/jobs", StringComparison.Ordinal))];

    /// <summary>Asks as a watcher does, again and again.</summary>
    private static async Task<TaskProgress?> Told(WatchStage stage, TaskState task, Func<TaskProgress?, bool> wanted)
    {
        TaskProgress? told = null;
        await Stage.Until(async () => wanted(told = await stage.Silo.Task(task.Id).Progress()), "the task's progress is as expected");
        return told;
    }
}
