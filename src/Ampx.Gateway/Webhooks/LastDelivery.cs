namespace Ampx.Gateway.Webhooks;

/// <summary>When GitHub's last well-signed delivery came to this gateway, since it was started.</summary>
public sealed class LastDelivery(TimeProvider time)
{
    private long ticks;

    /// <summary>Null if none has come.</summary>
    public DateTimeOffset? At => Interlocked.Read(ref ticks) is > 0 and var when ? new DateTimeOffset(when, TimeSpan.Zero) : null;

    internal void Heard() => Interlocked.Exchange(ref ticks, time.GetUtcNow().UtcTicks);
}
