namespace Ampx.Silo.Forges.GitHub.Budgets;

/// <summary>
/// What one credential may still call. Pure: time comes in as a value. Every bound is kept a little below GitHub's own, because calls don't arrive in the rhythm that they leave in.
/// </summary>
public sealed class CallBudget(long firstPermit = 1)
{
    private const int AtOnce = 90;
    private const int PointsPerMinute = 860;
    private const int CreatesPerMinute = 75;
    private const int CreatesPerHour = 480;
    private static readonly TimeSpan CreateSpacing = TimeSpan.FromMinutes(1) / CreatesPerMinute;
    private static readonly TimeSpan PointSpacing = TimeSpan.FromMinutes(1) / PointsPerMinute;

    /// <summary>A call that is under way ends by then; else who made it is gone.</summary>
    private static readonly TimeSpan PermitLife = TimeSpan.FromMinutes(2);

    /// <summary>When to ask again where only calls under way are in the way.</summary>
    private static readonly TimeSpan Shortly = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestBlock = TimeSpan.FromMinutes(15);

    /// <summary>Resets that differ by less are the same one.</summary>
    private static readonly TimeSpan SameReset = TimeSpan.FromSeconds(10);

    private readonly SortedDictionary<long, (string Resource, DateTimeOffset At)> underWay = [];
    private readonly Dictionary<string, Hour> hours = [];
    private readonly Queue<(DateTimeOffset At, int Points)> spent = [];
    private readonly List<DateTimeOffset> created = [];
    private long next = firstPermit;
    private int points;
    private DateTimeOffset blockedUntil;
    private int strikes;
    private long lastStrike;
    private DateTimeOffset turn;

    /// <summary>What is left of a resource until its reset, as the answer to permit <see cref="From"/> said.</summary>
    private readonly record struct Hour(int Remaining, DateTimeOffset Reset, long From);

    /// <summary>Asks to make <paramref name="call"/> now.</summary>
    /// <param name="patience">What the caller will wait by itself; those who must come back later are sent away to different times, in the order that they asked.</param>
    public CallPermit Ask(ApiCall call, TimeSpan patience, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(call);
        Forget(now);
        var (at, why, paced) = Earliest(call, now);
        if (at > now)
        {
            if (paced && at - now > patience)
            {
                at = turn > at ? turn : at;
                turn = at + (call.Creates ? CreateSpacing : PointSpacing * call.Points);
            }

            return new(null, at - now, why);
        }

        var id = next++;
        underWay[id] = (call.Resource, now);
        spent.Enqueue((now, call.Points));
        points += call.Points;
        if (call.Creates) created.Add(now);
        return new(id, TimeSpan.Zero, null);
    }

    /// <summary>The call of <paramref name="permit"/> has ended.</summary>
    public void Report(long permit, CallReport report, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(report);
        var isOpen = underWay.Remove(permit, out var call);
        var reset = report.ResetIn is { } left && left > TimeSpan.Zero ? now + left : (DateTimeOffset?)null;
        if (report.Remaining is { } remaining && reset is { } at) Learn(report.Resource ?? call.Resource ?? "core", new Hour(remaining, at, permit), now);
        else if (isOpen) Spent(call.Resource);
        if (!report.Refused)
        {
            if (report != CallReport.Nothing && permit > lastStrike) strikes = 0;
            return;
        }

        if (report is { RetryAfter: null, Remaining: 0 } && reset is not null) return;
        // Calls that were under way together are refused together: that is one strike.
        if (permit > lastStrike) (strikes, lastStrike) = (strikes + 1, next - 1);
        var wait = report.RetryAfter is { } told
            ? (told > TimeSpan.FromSeconds(1) ? told : TimeSpan.FromSeconds(1))
            : TimeSpan.FromMinutes(Math.Min(Math.Pow(2, Math.Min(strikes, 10) - 1), LongestBlock.TotalMinutes));
        if (now + wait > blockedUntil) blockedUntil = now + wait;
    }

    /// <summary>A call has ended and nobody said what is left: taken for made.</summary>
    private void Spent(string resource)
    {
        if (hours.TryGetValue(resource, out var hour)) hours[resource] = hour with { Remaining = hour.Remaining - 1 };
    }

    private void Learn(string resource, Hour said, DateTimeOffset now)
    {
        if (hours.TryGetValue(resource, out var known) && known.Reset > now)
        {
            // Answers overtake each other: of one hour the lowest counts, of two hours the one of the later call.
            if ((said.Reset - known.Reset).Duration() <= SameReset)
                said = new(Math.Min(said.Remaining, known.Remaining), said.Reset > known.Reset ? said.Reset : known.Reset, Math.Max(said.From, known.From));
            else if (said.From < known.From) return;
        }

        hours[resource] = said;
    }

    /// <summary>When nothing stands in the way any more, as far as is known now; <c>Paced</c>: because of our own pace, where one after the other may go.</summary>
    private (DateTimeOffset At, string? Why, bool Paced) Earliest(ApiCall call, DateTimeOffset now)
    {
        var (at, why, paced) = (now, (string?)null, false);
        if (blockedUntil > now) Not(blockedUntil, "GitHub asks to slow down");
        if (hours.TryGetValue(call.Resource, out var hour) && hour.Remaining <= underWay.Values.Count(other => other.Resource == call.Resource))
            Not(hour.Remaining <= 0 ? hour.Reset : now + Shortly, "GitHub's rate limit is used up");
        if (underWay.Count >= AtOnce) Not(now + Shortly, "too many calls are under way");
        if (points + call.Points > PointsPerMinute) Not(WhenPointsAreFree(call.Points), "GitHub takes no more calls a minute", pace: true);
        if (call.Creates && created.Count > 0)
        {
            Not(created[^1] + CreateSpacing, "GitHub takes no more new content a minute", pace: true);
            if (created.Count >= CreatesPerMinute) Not(created[^CreatesPerMinute] + TimeSpan.FromMinutes(1), "GitHub takes no more new content a minute", pace: true);
            if (created.Count >= CreatesPerHour) Not(created[^CreatesPerHour] + TimeSpan.FromHours(1), "GitHub takes no more new content an hour", pace: true);
        }

        return (at, why, paced);

        void Not(DateTimeOffset before, string because, bool pace = false)
        {
            if (before > at) (at, why, paced) = (before, because, pace);
        }
    }

    private DateTimeOffset WhenPointsAreFree(int wanted)
    {
        var left = points;
        foreach (var (at, some) in spent)
        {
            left -= some;
            if (left + wanted <= PointsPerMinute) return at + TimeSpan.FromMinutes(1);
        }

        throw new ArgumentOutOfRangeException(nameof(wanted), wanted, "a call takes at most a minute's points");
    }

    private void Forget(DateTimeOffset now)
    {
        // Ids grow with time, so the oldest permits come first.
        while (underWay.Count > 0 && underWay.First() is var (id, oldest) && oldest.At + PermitLife <= now)
        {
            underWay.Remove(id);
            Spent(oldest.Resource);
        }

        while (spent.TryPeek(out var first) && first.At + TimeSpan.FromMinutes(1) <= now) points -= spent.Dequeue().Points;
        created.RemoveRange(0, created.FindIndex(at => at + TimeSpan.FromHours(1) > now) is var kept and >= 0 ? kept : created.Count);
        foreach (var (resource, _) in hours.Where(hour => hour.Value.Reset <= now).ToList()) hours.Remove(resource);
    }
}
