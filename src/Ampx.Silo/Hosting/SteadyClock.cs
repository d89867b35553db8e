namespace Ampx.Silo.Hosting;

/// <summary>
/// The machine's clock without its jumps. It goes with the time that really passes and takes up what it differs from the machine's clock by at most a tenth of that:
/// after a jump of an hour every time-out is at most a tenth wrong, and ten hours later the difference is gone. It never goes backwards.
/// </summary>
/// <param name="wall">The machine's clock, which people and programs set.</param>
/// <param name="elapsed">Time since the machine's boot, sleep included: what nobody sets.</param>
/// <param name="mark">Where this clock stood before a restart of the service, on the same boot.</param>
public sealed class SteadyClock(TimeProvider wall, Func<TimeSpan> elapsed, ClockMark? mark = null) : TimeProvider
{
    /// <summary>The part of the passing time that it may gain or lose.</summary>
    private const int Share = 10;

    /// <summary>
    /// More than a time zone's mistake: the machine's clock was not set before, or the machine was put aside and woken. Forward that is followed at once;
    /// back only at a start, for times in order are worth more to those who are under way.
    /// </summary>
    private static readonly TimeSpan Correction = TimeSpan.FromDays(1);

    private readonly Lock gate = new();
    private ClockMark last = Start(wall.GetUtcNow(), elapsed(), mark);

    /// <summary>Where it stands now; a start with that goes on as if the service had not ended.</summary>
    public ClockMark Mark
    {
        get
        {
            lock (gate)
            {
                var passed = elapsed() - last.Elapsed;
                if (passed > TimeSpan.Zero) last = new(Next(last.Now, passed, wall.GetUtcNow()), last.Elapsed + passed);
                return last;
            }
        }
    }

    /// <summary>How far the machine's clock is ahead of this one.</summary>
    public TimeSpan Behind => wall.GetUtcNow() - GetUtcNow();

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Mark.Now;

    private static ClockMark Start(DateTimeOffset wall, TimeSpan elapsed, ClockMark? mark)
    {
        if (mark is not { } before || before.Elapsed > elapsed) return new(wall, elapsed);
        var now = Next(before.Now, elapsed - before.Elapsed, wall);
        return new(now - wall > Correction ? wall : now, elapsed);
    }

    private static DateTimeOffset Next(DateTimeOffset before, TimeSpan passed, DateTimeOffset wall)
    {
        var now = before + passed;
        if (wall - now > Correction) return wall;
        var most = passed / Share;
        return now + (wall - now > most ? most : wall - now < -most ? -most : wall - now);
    }
}

/// <summary>A reading of the steady clock, and of the time since the machine's boot at that moment.</summary>
public readonly record struct ClockMark(DateTimeOffset Now, TimeSpan Elapsed);
