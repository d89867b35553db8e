using System.Globalization;
using Ampx.Core.Tasks;
using Ampx.FakeGitHub.Control;
using Ampx.Tests.FakeGitHub;
using Xunit;

namespace Ampx.Tests.Grains;

public class CiWatchLimitTests(ITestOutputHelper output)
{
    private static readonly bool Long = Environment.GetEnvironmentVariable("AMPX_LONG") is "1";

    [Fact]
    public async Task A_used_up_limit_is_waited_out_by_fifty_tasks_without_a_call_and_none_fails()
    {
        var seconds = Long ? 180 : 15;
        await using var stage = await WatchStage.Start();
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, 50);
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, _) in waiting) await stage.SeesCi(task);

        // One call is left; the next listing takes it.
        var reset = TimeProvider.System.GetUtcNow().AddSeconds(seconds);
        stage.GitHub.Site.Tokens.All.Single().RateLimit.Set(1, reset);
        foreach (var (_, run) in waiting) stage.Complete(repository, run);
        foreach (var (task, _) in waiting)
        {
            var told = await stage.Silo.Until(task.Id, now => now.Phase is Phase.BackingOff);
            Assert.Equal((null, 0, Status.Retrying), (told.Error?.Code, told.StepFailures, told.Status));
            Assert.Contains("rate limit", told.Summary, StringComparison.Ordinal);
            Assert.InRange(told.NextWakeAt!.Value, reset.AddSeconds(-1), reset.AddSeconds(3));
        }

        var during = stage.Calls.Count;
        await Forge.Until(() => stage.Calls.Count > during, seconds + 30);
        var after = stage.Calls.Skip(during).ToList();
        Assert.All(after, call => Assert.True(call.At >= DateTimeOffset.FromUnixTimeSeconds(reset.ToUnixTimeSeconds()), $"{call.Path} came at {call.At:O}, the reset is {reset:O}"));
        foreach (var (task, _) in waiting) Assert.Equal(Status.Success, (await stage.Ended(task)).Status);
        var done = TimeProvider.System.GetUtcNow();
        Assert.DoesNotContain(stage.Calls, call => call.Status is 403 or 429);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"50 tasks, reset after {seconds} s: 0 calls before it, first call {(after[0].At - reset).TotalSeconds:0.0} s after it, all 50 green {(done - reset).TotalSeconds:0.0} s after it"));
    }

    [Fact]
    public async Task A_secondary_limit_is_obeyed_and_shown_and_no_failure()
    {
        await using var stage = await WatchStage.Start();
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, 3);
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, _) in waiting) await stage.SeesCi(task);
        stage.GitHub.Site.Faults.Add(new Fault
        {
            Path = "*/actions/runs*",
            Status = 403,
            Headers = new Dictionary<string, string> { ["retry-after"] = "12" },
            Body = """{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}""",
        });
        var told = await Task.WhenAll(waiting.Select(entry => stage.Silo.Until(entry.Task.Id, now => now.Phase is Phase.BackingOff)));
        Assert.All(told, task => Assert.Equal((null, 0), (task.Error, task.StepFailures)));
        var refused = stage.Calls.Single(call => call.Status == 403);
        foreach (var (_, run) in waiting) stage.Complete(repository, run);
        foreach (var (task, _) in waiting) Assert.Equal(Status.Success, (await stage.Ended(task)).Status);
        Assert.All(stage.Calls.SkipWhile(call => call != refused).Skip(1), call => Assert.True(call.At >= refused.At.AddSeconds(12), $"{call.Path} came {(call.At - refused.At).TotalSeconds} s after"));
    }

    [Fact]
    public async Task A_limit_of_a_few_seconds_is_waited_for_without_telling_the_tasks()
    {
        await using var stage = await WatchStage.Start();
        var repository = await stage.Repository();
        var waiting = await stage.PlantWithRuns(repository, 3);
        await stage.Watch().Start(["acme/shop"]);
        foreach (var (task, _) in waiting) await stage.SeesCi(task);
        stage.GitHub.Site.Faults.Add(new Fault { Path = "*/actions/runs*", Status = 429, Headers = new Dictionary<string, string> { ["retry-after"] = "2" } });
        await Forge.Until(() => stage.Calls.Any(call => call.Status == 429));
        foreach (var (_, run) in waiting) stage.Complete(repository, run);
        var ended = await Task.WhenAll(waiting.Select(entry => stage.Ended(entry.Task)));
        Assert.All(ended, task => Assert.Equal((Status.Success, 6), (task.Status, task.Step)));
        var refused = stage.Calls.Single(call => call.Status == 429);
        Assert.All(stage.Calls.SkipWhile(call => call != refused).Skip(1), call => Assert.True(call.At >= refused.At.AddSeconds(2)));
    }
}
