using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Xunit;

namespace Ampx.Tests.Api;

public sealed class StatsSeriesTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Each_task_counts_where_it_ended_and_empty_stretches_are_there_too()
    {
        var series = StatsSeries.Of([Task(Status.Success, 0.5), Task(Status.Error, 2), Task(Status.Success, 2.999), Task(Status.Aborted, -1)], Start, TimeSpan.FromHours(1), Start.AddHours(3.5));
        Assert.Equal([Start, Start.AddHours(1), Start.AddHours(2), Start.AddHours(3)], series.Select(bucket => bucket.From));
        Assert.Equal([1, 0, 1, 0], series.Select(bucket => bucket.Tasks["success"]));
        Assert.Equal([0, 0, 1, 0], series.Select(bucket => bucket.Tasks["error"]));
        Assert.All(series, bucket => Assert.Equal(0, bucket.Tasks["aborted"]));
        Assert.Equal(new Spread(0, null, null), series[1].TimeToGreen);
    }

    [Fact]
    public void Times_attempts_and_tokens_are_of_those_that_have_them()
    {
        var never = Task(Status.Aborted, 0.1) with { TakenAt = null, Attempts = 0, Usage = null };
        var series = StatsSeries.Of([.. Enumerable.Range(1, 10).Select(n => Task(Status.Success, 0.2, minutes: n)), never], Start, TimeSpan.FromDays(1), Start.AddHours(1));
        var bucket = Assert.Single(series);
        Assert.Equal(new Spread(10, 300, 540), bucket.TimeToGreen);
        Assert.Equal(new Spread(10, 30, 30), bucket.QueueWait);
        Assert.Equal(new Spread(10, 2, 2), bucket.Attempts);
        Assert.Equal((1000, 70), (bucket.InputTokens, bucket.OutputTokens));
    }

    private static EndedTask Task(Status status, double endedAfterHours, int minutes = 10)
    {
        var end = Start.AddHours(endedAfterHours);
        return new(status, end.AddMinutes(-minutes), end.AddMinutes(-minutes).AddSeconds(30), end, 2, new Usage(100, 10, 7));
    }
}
