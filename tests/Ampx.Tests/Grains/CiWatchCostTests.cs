using System.Diagnostics;
using System.Globalization;
using Ampx.Tests.FakeGitHub;
using Xunit;

namespace Ampx.Tests.Grains;

/// <summary>What waiting costs: calls to GitHub grow with repositories, not with tasks.</summary>
public class CiWatchCostTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(50, 1, 1)]
    [InlineData(500, 1, 5)]
    [InlineData(500, 5, 5)]
    public async Task Waiting_costs_a_listing_per_interval_and_repository_and_an_unchanged_one_is_free(int tasks, int repositories, int pages)
    {
        const int Rounds = 5;
        var interval = TimeSpan.FromSeconds(1);
        await using var stage = await WatchStage.Start(1, ("Ci:PollInterval", $"{interval:c}"));
        var names = Enumerable.Range(1, repositories).Select(number => $"acme/shop{number}").ToList();
        var planted = new List<string>();
        foreach (var name in names)
            planted.AddRange((await stage.PlantWithRuns(await stage.Repository(name), tasks / repositories)).Select(entry => entry.Task.Id));
        foreach (var name in names) await stage.Watch(name).Start([name]);
        foreach (var task in planted) await stage.Silo.Until(task, now => now.CiRunId is not null);
        // The last news may still make the round after it: count from a quiet one on.
        var (from, first, since) = (stage.Calls.Count, FirstPages(), Stopwatch.GetTimestamp());
        await Forge.Until(() => FirstPages() >= first + (Rounds * repositories));
        var (calls, intervals) = (stage.Calls.Skip(from).ToList(), Stopwatch.GetElapsedTime(since) / interval);
        var perInterval = calls.Count / intervals;
        var paid = calls.Count(call => call.Status != 304);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tasks,4} tasks, {repositories} repositories: {perInterval,4:0.0} calls per interval, {perInterval / tasks:0.0000} per task and interval ({perInterval / tasks * 240:0.0} per task-hour at 15 s), {paid} of {calls.Count} not 304"));
        // At most a round per interval begins, and the window may open just before one.
        Assert.InRange(calls.Count, Rounds * repositories, pages * (intervals + 1));
        Assert.All(calls, call => Assert.Equal(304, call.Status));

        int FirstPages() => stage.Listings.Count(call => call.Query.EndsWith("page=1", StringComparison.Ordinal));
    }
}
