using Ampx.Core.Tasks;

namespace Ampx.Core.Api;

/// <summary>The tasks that ended within a stretch of time from <see cref="From"/> on; times in seconds.</summary>
/// <param name="Tasks">By how they ended; every ended status is there.</param>
/// <param name="TimeToGreen">Of successes, from start to end.</param>
/// <param name="QueueWait">From start to the first worker.</param>
/// <param name="Attempts">Agent runs that counted.</param>
public sealed record StatsBucket(
    DateTimeOffset From, IReadOnlyDictionary<string, int> Tasks, Spread TimeToGreen, Spread QueueWait, Spread Attempts, long InputTokens, long OutputTokens);

/// <summary>How figures are spread; null where there is none.</summary>
public sealed record Spread(int Count, double? Median, double? P90)
{
    /// <summary>Of these, in any order.</summary>
    public static Spread Of(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToList();
        return new(sorted.Count, Rank(sorted, 0.5), Rank(sorted, 0.9));
    }

    /// <summary>The smallest figure that so great a share of all doesn't exceed.</summary>
    private static double? Rank(List<double> sorted, double share) => sorted.Count == 0 ? null : Math.Round(sorted[(int)Math.Ceiling(share * sorted.Count) - 1], 3);
}

/// <summary>Statistics over time.</summary>
public static class StatsSeries
{
    private static readonly Status[] Endings = [Status.NeedsReview, Status.Success, Status.Aborted, Status.Error];

    /// <summary>Stretches of <paramref name="bucket"/> from <paramref name="since"/> to <paramref name="now"/>, oldest first, empty ones too.</summary>
    public static IReadOnlyList<StatsBucket> Of(IEnumerable<EndedTask> tasks, DateTimeOffset since, TimeSpan bucket, DateTimeOffset now)
    {
        var count = Math.Max(1, (int)Math.Ceiling((now - since) / bucket));
        // What ended this very moment, or on a clock that is ahead, is the last one's.
        var byBucket = tasks.Where(task => task.FinishedAt >= since).ToLookup(task => Math.Min(count - 1, (task.FinishedAt - since).Ticks / bucket.Ticks));
        return [.. Enumerable.Range(0, count).Select(number => Bucket(since + (bucket * number), [.. byBucket[number]]))];
    }

    private static StatsBucket Bucket(DateTimeOffset from, List<EndedTask> tasks) => new(
        from,
        Endings.ToDictionary(AmpxJson.Word, status => tasks.Count(task => task.Status == status)),
        Spread.Of(tasks.Where(task => task.Status is Status.Success).Select(task => (task.FinishedAt - task.CreatedAt).TotalSeconds)),
        Spread.Of(tasks.Where(task => task.TakenAt is not null).Select(task => (task.TakenAt!.Value - task.CreatedAt).TotalSeconds)),
        Spread.Of(tasks.Where(task => task.Attempts > 0).Select(task => (double)task.Attempts)),
        tasks.Sum(task => task.Usage?.InputTokens ?? 0),
        tasks.Sum(task => task.Usage?.OutputTokens ?? 0));
}
