namespace Ampx.Core.Ci;

/// <summary>Whether a repository's webhooks can be relied on, and how often they may make us look: GitHub sends many for one commit, and polling would cost less than a look at each.</summary>
public sealed class WebhookPulse
{
    private const int Burst = 60;
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(1);
    private static readonly TimeSpan Refill = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(250);
    private DateTimeOffset heard = DateTimeOffset.MinValue;
    private DateTimeOffset looked = DateTimeOffset.MinValue;

    /// <summary>When the looks made so far are paid for.</summary>
    private DateTimeOffset paid = DateTimeOffset.MinValue;

    /// <summary>A delivery came.</summary>
    public void Heard(DateTimeOffset now) => heard = now;

    /// <summary>Something changed that no delivery had announced: until the next one they are taken for lost.</summary>
    public void Missed() => heard = DateTimeOffset.MinValue;

    /// <summary>Deliveries come in, and none is known to be lost.</summary>
    public bool IsLive(DateTimeOffset now) => heard != DateTimeOffset.MinValue && now - heard < Fresh;

    /// <summary>When the next look because of a delivery may be made.</summary>
    public DateTimeOffset MayLook(DateTimeOffset now)
    {
        var (next, bucket) = (Later(looked + Gap, now), Later(paid, now));
        return bucket - now <= Refill * (Burst - 1) ? next : Later(next, bucket - Refill * (Burst - 1));
    }

    /// <summary>One is made.</summary>
    public void Look(DateTimeOffset now) => (looked, paid) = (now, Later(paid, now) + Refill);

    private static DateTimeOffset Later(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;
}
