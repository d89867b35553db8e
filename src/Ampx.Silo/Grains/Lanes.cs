namespace Ampx.Silo.Grains;

/// <summary>Work on many things, a few at once.</summary>
internal static class Lanes
{
    public const int AtOnce = 8;

    /// <summary>Deals them out to lanes; in each, one comes after the other, and the first failure ends the lane.</summary>
    public static Task Each<T>(IEnumerable<T> all, Func<T, Task> act) =>
        Task.WhenAll(all.ToList().Select((one, index) => (one, lane: index % AtOnce)).GroupBy(entry => entry.lane).Select(async lane =>
        {
            foreach (var (one, _) in lane) await act(one);
        }));
}
