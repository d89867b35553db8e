namespace Ampx.Core.Ci;

/// <summary>The last 1,000 words told: ids of deliveries, which GitHub, or who replays them, may tell again, or names of commits.</summary>
public sealed class LastSeen
{
    private const int Most = 1_000;
    private readonly HashSet<string> known = new(StringComparer.OrdinalIgnoreCase);
    private readonly Queue<string> order = [];

    /// <summary>True for a word that isn't among them.</summary>
    public bool Add(string word)
    {
        if (!known.Add(word)) return false;
        order.Enqueue(word);
        if (order.Count > Most) known.Remove(order.Dequeue());
        return true;
    }

    /// <summary>True if it was among them; it is no longer.</summary>
    public bool Remove(string word) => known.Remove(word);
}
