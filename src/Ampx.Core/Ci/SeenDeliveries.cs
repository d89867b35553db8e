namespace Ampx.Core.Ci;

/// <summary>The ids of the last deliveries: GitHub, or who replays it, may deliver one again.</summary>
public sealed class SeenDeliveries
{
    private const int Most = 1_000;
    private readonly HashSet<string> known = new(StringComparer.OrdinalIgnoreCase);
    private readonly Queue<string> order = [];

    /// <summary>True for an id that isn't among the last 1,000.</summary>
    public bool Add(string id)
    {
        if (!known.Add(id)) return false;
        order.Enqueue(id);
        if (order.Count > Most) known.Remove(order.Dequeue());
        return true;
    }
}
