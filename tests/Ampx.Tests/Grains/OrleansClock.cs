using Microsoft.Extensions.Time.Testing;

namespace Ampx.Tests.Grains;

/// <summary>
/// A test's clock as Orleans can live with it. Orleans waits for a date by Task.Delay, again and again until it is there; the last part of a millisecond
/// is a delay of 0, which takes no time on a clock that stands: it would ask for ever. So who asks that often gets the millisecond.
/// </summary>
internal sealed class OrleansClock(FakeTimeProvider time) : TimeProvider
{
    private const int Often = 100_000;
    private long last;
    private int asked;

    public override DateTimeOffset GetUtcNow()
    {
        var now = time.GetUtcNow();
        if (Interlocked.Exchange(ref last, now.Ticks) != now.Ticks) asked = 0;
        else if (Interlocked.Increment(ref asked) == Often) time.Advance(TimeSpan.FromMilliseconds(1));
        return now;
    }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => time.CreateTimer(callback, state, dueTime, period);
}
