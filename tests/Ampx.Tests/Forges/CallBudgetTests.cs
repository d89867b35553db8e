using Ampx.Silo.Forges.GitHub.Budgets;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Ampx.Tests.Forges;

public class CallBudgetTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private static readonly ApiCall Read = new("core", 1, false);
    private static readonly ApiCall Create = new("core", 5, true);
    private readonly CallBudget budget = new();

    [Property(MaxTest = 300, StartSize = 100, EndSize = 600)]
    public void GitHub_never_sees_more_than_it_allows(DoNotSize<int>[] choices)
    {
        var world = new BudgetWorld();
        foreach (var choice in choices) world.Step(choice.Item & int.MaxValue);
        Assert.Empty(world.Broken);
    }

    [Property(MaxTest = 200, StartSize = 100, EndSize = 400)]
    public void Whoever_asks_again_when_told_is_served_in_the_end(DoNotSize<int>[] choices)
    {
        var world = new BudgetWorld();
        foreach (var choice in choices) world.Step(choice.Item & int.MaxValue);
        Assert.InRange(world.AsksUntilServed(), 1, 600);
        Assert.Empty(world.Broken);
    }

    [Fact]
    public void With_nothing_left_nobody_calls_before_the_reset_and_everybody_after_it()
    {
        Report(Ask(Read).Id, remaining: 0, resetIn: 180);
        Assert.Equal((null, TimeSpan.FromSeconds(180), "GitHub's rate limit is used up"), Said(Ask(Read)));
        Assert.Equal(TimeSpan.FromSeconds(1), Ask(Create, 179).Wait);
        Assert.NotNull(Ask(new("graphql", 5, true), 179).Id);
        Assert.NotNull(Ask(Read, 180).Id);
    }

    [Fact]
    public void Calls_under_way_count_as_made()
    {
        Report(Ask(Read).Id, remaining: 2, resetIn: 180);
        var (first, second) = (Ask(Read), Ask(Read));
        Assert.NotNull(first.Id);
        Assert.NotNull(second.Id);
        Assert.Equal(TimeSpan.FromMilliseconds(250), Ask(Read).Wait);
        // One of them answered 304: it took nothing.
        Report(first.Id, remaining: 2, resetIn: 180);
        Assert.NotNull(Ask(Read).Id);
    }

    [Fact]
    public void An_answer_that_was_overtaken_gives_nothing_back()
    {
        var (early, late) = (Ask(Read), Ask(Read));
        Report(late.Id, remaining: 0, resetIn: 100);
        Report(early.Id, remaining: 1, resetIn: 100);
        Assert.Null(Ask(Read).Id);
        // Of an hour that is over by now.
        var (old, other) = (Ask(Read, 101), Ask(Read, 102));
        Report(other.Id, remaining: 0, resetIn: 3600, second: 103);
        Report(old.Id, remaining: 4000, resetIn: 30, second: 104);
        Assert.Null(Ask(Read, 105).Id);
    }

    [Fact]
    public void A_permit_that_never_comes_back_holds_a_place_for_two_minutes_and_counts_as_a_call()
    {
        Report(Ask(Read).Id, remaining: 2, resetIn: 3600);
        Assert.NotNull(Ask(Read).Id);
        Assert.NotNull(Ask(Read, 60).Id);
        Assert.Null(Ask(Read, 119).Id);
        Assert.Equal(TimeSpan.FromSeconds(3600 - 180), Ask(Read, 180).Wait);
        var crowd = new CallBudget();
        for (var call = 0; call < 90; call++) Assert.NotNull(crowd.Ask(Read, TimeSpan.Zero, Start).Id);
        Assert.Equal("too many calls are under way", crowd.Ask(Read, TimeSpan.Zero, Start).Why);
        Assert.NotNull(crowd.Ask(Read, TimeSpan.Zero, Start.AddMinutes(2)).Id);
    }

    [Fact]
    public void A_secondary_limit_is_waited_out_as_told_and_without_a_word_for_a_minute_then_longer()
    {
        Report(Ask(Read).Id, refused: true, retryAfter: 7);
        Assert.Equal((null, TimeSpan.FromSeconds(7), "GitHub asks to slow down"), Said(Ask(Read)));
        var (one, two) = (Ask(Read, 7), Ask(Read, 7));
        // A success ends the row; then two that were under way together are refused together.
        Report(Ask(Read, 7).Id, second: 7);
        Report(one.Id, refused: true, second: 8);
        Report(two.Id, refused: true, second: 8);
        Assert.Equal(TimeSpan.FromMinutes(1), Ask(Read, 8).Wait);
        Report(Ask(Read, 68).Id, refused: true, second: 68);
        Assert.Equal(TimeSpan.FromMinutes(2), Ask(Read, 68).Wait);
        Report(Ask(Read, 188).Id, refused: true, second: 188);
        Assert.Equal(TimeSpan.FromMinutes(4), Ask(Read, 188).Wait);
        Report(Ask(Read, 428).Id, second: 428);
        Report(Ask(Read, 429).Id, refused: true, second: 429);
        Assert.Equal(TimeSpan.FromMinutes(1), Ask(Read, 429).Wait);
    }

    [Fact]
    public void Who_cannot_wait_for_a_place_among_the_new_content_is_sent_away_to_a_time_of_his_own()
    {
        Assert.NotNull(Ask(Create).Id);
        var waits = Enumerable.Range(0, 100).Select(_ => budget.Ask(Create, TimeSpan.Zero, Start).Wait).ToList();
        Assert.Equal(waits.Distinct().Order(), waits);
        Assert.Equal(TimeSpan.FromSeconds(0.8 * 100), waits[^1]);
        // Who can wait a moment isn't sent away, whatever was promised to others.
        Assert.Equal(TimeSpan.FromSeconds(0.8), budget.Ask(Create, TimeSpan.FromSeconds(5), Start).Wait);
    }

    [Theory]
    [InlineData("GET", "repos/o/r/pulls", 1, false)]
    [InlineData("POST", "repos/o/r/pulls", 5, true)]
    [InlineData("PUT", "repos/o/r/pulls/5/merge", 5, true)]
    [InlineData("POST", "repos/o/r/issues/5/labels", 5, true)]
    [InlineData("POST", "repos/o/r/actions/runs/7/rerun-failed-jobs", 5, false)]
    [InlineData("POST", "app/installations/7/access_tokens", 5, false)]
    public void A_call_counts_by_what_it_does(string method, string path, int points, bool creates)
    {
        using var request = new HttpRequestMessage(new(method), new Uri($"https://api.github.com/{path}"));
        Assert.Equal(new ApiCall("core", points, creates), ApiCall.Of(request));
        using var graph = new HttpRequestMessage(HttpMethod.Post, "https://ghe.acme.com/api/graphql");
        Assert.Equal("graphql", ApiCall.Of(graph).Resource);
    }

    private CallPermit Ask(ApiCall call, double second = 0) => budget.Ask(call, TimeSpan.FromHours(1), Start.AddSeconds(second));

    private void Report(long? permit, int? remaining = null, double? resetIn = null, bool refused = false, double? retryAfter = null, double second = 0) => budget.Report(
        permit!.Value, new(refused, "core", remaining, Seconds(resetIn), Seconds(retryAfter)), Start.AddSeconds(second));

    private static TimeSpan? Seconds(double? number) => number is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static (long?, TimeSpan, string?) Said(CallPermit permit) => (permit.Id, permit.Wait, permit.Why);
}
