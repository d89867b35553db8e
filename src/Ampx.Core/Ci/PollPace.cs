namespace Ampx.Core.Ci;

/// <summary>How soon to list a repository's runs again: a look comes late by a twentieth of the time that CI has taken already, and no task waits for the pace of an older one.</summary>
public static class PollPace
{
    /// <summary>The longest interval without webhooks.</summary>
    public static readonly TimeSpan Slowest = TimeSpan.FromMinutes(1);

    /// <summary>With webhooks a look only makes sure that none got lost.</summary>
    public static readonly TimeSpan WithWebhooks = TimeSpan.FromMinutes(10);

    /// <summary>CI is far from over as long as it usually takes this much longer.</summary>
    private static readonly TimeSpan Far = TimeSpan.FromMinutes(3);

    /// <summary>The interval until the next look.</summary>
    /// <param name="poll"><c>Ci:PollInterval</c>, the shortest.</param>
    /// <param name="waited">How long CI has been taking, for each waiting task.</param>
    /// <param name="usual">How long this repository's CI takes as a rule; null if not known.</param>
    /// <param name="live">Webhooks arrive.</param>
    public static TimeSpan Of(TimeSpan poll, IEnumerable<TimeSpan> waited, TimeSpan? usual, bool live)
    {
        if (live) return Longer(WithWebhooks, poll);
        var slowest = Longer(Slowest, poll);
        return waited.Select(Each).DefaultIfEmpty(poll).Min();

        TimeSpan Each(TimeSpan time)
        {
            if (usual is { } all && all - time > Far) return slowest;
            var share = time / 20;
            return share < poll ? poll : share > slowest ? slowest : share;
        }
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
