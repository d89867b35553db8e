namespace Ampx.FakeGitHub.Accounts;

/// <summary>A credential's hourly budget of calls.</summary>
public sealed class RateLimit
{
    private readonly Lock gate = new();
    private DateTimeOffset reset;
    private int used;

    internal RateLimit(DateTimeOffset now) => reset = now.AddHours(1);

    /// <summary>Calls an hour.</summary>
    public int Limit { get; private set; } = 5000;

    /// <summary>Makes the budget look as given; what is null stays.</summary>
    public void Set(int? remaining, DateTimeOffset? resetAt = null, int? limit = null)
    {
        lock (gate)
        {
            Limit = limit ?? Limit;
            if (remaining is { } left) used = Limit - left;
            reset = resetAt ?? reset;
        }
    }

    /// <summary>Takes one call off the budget; false if nothing is left.</summary>
    internal bool TryTake(DateTimeOffset now)
    {
        lock (gate)
        {
            Renew(now);
            if (used >= Limit) return false;
            used++;
            return true;
        }
    }

    /// <summary>Gives a call back: an answer of 304 costs nothing.</summary>
    internal void GiveBack()
    {
        lock (gate) used = Math.Max(0, used - 1);
    }

    /// <summary>What the headers say.</summary>
    internal (int Limit, int Remaining, int Used, long Reset) Read(DateTimeOffset now)
    {
        lock (gate)
        {
            Renew(now);
            return (Limit, Math.Max(0, Limit - used), used, reset.ToUnixTimeSeconds());
        }
    }

    private void Renew(DateTimeOffset now)
    {
        if (now < reset) return;
        used = 0;
        reset = now.AddHours(1);
    }
}
