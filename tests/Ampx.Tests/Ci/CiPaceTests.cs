using System.Collections.Immutable;
using Ampx.Core.Ci;
using Xunit;

namespace Ampx.Tests.Ci;

public class CiPaceTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    [Theory]
    [InlineData(1, null, 15)]
    [InlineData(10, null, 30)]
    [InlineData(5, 7, 15)]
    [InlineData(60, null, 60)]
    [InlineData(1, 30, 60)]
    [InlineData(26, 30, 60)]
    [InlineData(28, 30, 60)]
    [InlineData(40, 30, 60)]
    [InlineData(1, 3, 15)]
    public void A_look_is_late_by_a_twentieth_of_the_time_taken_and_slow_while_the_usual_end_is_far(int minutes, int? usual, int seconds) =>
        Assert.Equal(seconds, PollPace.Of(Seconds(15), [TimeSpan.FromMinutes(minutes), TimeSpan.FromHours(2)], usual is { } time ? TimeSpan.FromMinutes(time) : null, false).TotalSeconds);

    [Fact]
    public void Webhooks_that_arrive_leave_a_look_every_ten_minutes_and_a_slow_setting_stays()
    {
        Assert.Equal(TimeSpan.FromMinutes(10), PollPace.Of(Seconds(15), [Seconds(1)], null, true));
        Assert.Equal(TimeSpan.FromHours(1), PollPace.Of(TimeSpan.FromHours(1), [Seconds(1)], null, true));
        Assert.Equal(TimeSpan.FromHours(1), PollPace.Of(TimeSpan.FromHours(1), [Seconds(1)], TimeSpan.FromDays(1), false));
        Assert.Equal(Seconds(15), PollPace.Of(Seconds(15), [], null, false));
    }

    [Fact]
    public void The_usual_time_is_the_median_of_the_last_verdicts()
    {
        var usual = new UsualTime();
        Assert.Null(usual.Median);
        foreach (var time in new[] { 300, 10, 290, 4000, 310 }) usual.Add(Seconds(time));
        Assert.Equal(Seconds(300), usual.Median);
        for (var more = 0; more < 15; more++) usual.Add(Seconds(60));
        Assert.Equal(Seconds(60), usual.Median);
    }

    [Fact]
    public void Webhooks_are_live_from_a_delivery_on_until_a_change_that_none_announced_or_an_hour_of_silence()
    {
        var pulse = new WebhookPulse();
        Assert.False(pulse.IsLive(Start));
        pulse.Heard(Start);
        Assert.True(pulse.IsLive(Start.AddMinutes(59)));
        Assert.False(pulse.IsLive(Start.AddMinutes(60)));
        pulse.Missed();
        Assert.False(pulse.IsLive(Start));
        pulse.Heard(Start);
        Assert.True(pulse.IsLive(Start));
    }

    [Fact]
    public void A_storm_of_deliveries_makes_sixty_looks_and_then_one_in_four_seconds()
    {
        var pulse = new WebhookPulse();
        var (now, looks) = (Start, new List<DateTimeOffset>());
        while (now < Start.AddMinutes(10))
        {
            now = pulse.MayLook(now);
            pulse.Look(now);
            looks.Add(now);
        }

        Assert.Equal(Start, looks[0]);
        Assert.Equal(TimeSpan.FromMilliseconds(250), looks[1] - looks[0]);
        Assert.Equal(Seconds(4), looks[^1] - looks[^2]);
        Assert.InRange(looks.Count, 200, 215);
        Assert.Equal(Start.AddHours(1), pulse.MayLook(Start.AddHours(1)));
    }

    [Fact]
    public void Only_the_last_thousand_deliveries_are_known_again()
    {
        var seen = new LastSeen();
        Assert.True(seen.Add("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
        Assert.False(seen.Add("72D3162E-CC78-11e3-81ab-4c9367dc0958"));
        for (var more = 0; more < 1000; more++) Assert.True(seen.Add($"{more}"));
        Assert.True(seen.Add("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
        Assert.False(seen.Add("999"));
        Assert.Equal((true, false, true), (seen.Remove("999"), seen.Remove("999"), seen.Add("999")));
    }

    [Fact]
    public void A_commit_has_moved_when_a_run_came_ended_or_began_another_attempt()
    {
        var marks = new[]
        {
            Listing(), Listing(Run(1)), Listing(Run(1) with { Status = "completed", Conclusion = "failure" }),
            Listing(Run(1) with { RunAttempt = 2, Status = "completed", Conclusion = "failure" }), Listing(Run(1), Run(2)),
        };
        Assert.Equal(marks.Length, marks.Select(listing => listing.Mark("a")).Distinct().Count());
        Assert.Equal(Listing(Run(1), Run(2)).Mark("a"), Listing(Run(2), Run(1), Run(2)).Mark("a"));
        Assert.Equal(marks[0].Mark("a"), Listing(Run(1) with { HeadSha = "b" }).Mark("a"));
    }

    [Fact]
    public void A_run_that_a_later_one_of_the_same_workflow_and_event_replaces_is_not_waited_for()
    {
        var (old, later) = (Run(1), Run(2) with { Status = "completed", Conclusion = "success" });
        Assert.Null(Listing(old, later).AtWork("a"));
        Assert.Equal(1, Listing(old with { Event = "pull_request" }, later).AtWork("a")!.Id);
        Assert.Equal(1, Listing(old, later with { WorkflowId = 8 }).AtWork("a")!.Id);
    }

    [Fact]
    public void Only_a_listing_that_was_cut_off_has_a_horizon()
    {
        Assert.Null(Listing(Run(1), Run(2)).Horizon);
        Assert.Equal(Start.AddSeconds(1), new CiListing(new(null, Start), [new("x", 3, [Run(2), Run(1)])]).Horizon);
        Assert.Null(new CiListing(new(null, Start), []).Horizon);
    }

    private static ListedRun Run(int id) => new(id, 7, "push", "a", "in_progress", null, 1, Start.AddSeconds(id), null);

    private static CiListing Listing(params ImmutableArray<ListedRun> runs) => new(new(null, Start), [new("x", runs.DistinctBy(run => run.Id).Count(), runs)]);

    private static TimeSpan Seconds(double number) => TimeSpan.FromSeconds(number);
}
