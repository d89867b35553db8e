namespace Ampx.Core.Ci;

/// <summary>How long a repository's CI takes as a rule: the median of the last verdicts.</summary>
public sealed class UsualTime
{
    private const int Kept = 15;
    private readonly Queue<TimeSpan> last = [];

    /// <summary>Null before the first verdict.</summary>
    public TimeSpan? Median => last.Count == 0 ? null : last.Order().ElementAt(last.Count / 2);

    /// <summary>A verdict came after <paramref name="time"/>.</summary>
    public void Add(TimeSpan time)
    {
        last.Enqueue(time);
        if (last.Count > Kept) last.Dequeue();
    }
}
