using Ampx.Core.Tasks;

namespace Ampx.Silo.Grains;

/// <summary>Entries that a worker was given and has not claimed yet. Not thread-safe.</summary>
internal sealed class Offers(TimeProvider clock)
{
    /// <summary>From an offer to its claim.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, (QueueEntry Entry, string Worker, long Since)> made = [];

    public IEnumerable<QueueEntry> All => made.Values.Select(offer => offer.Entry);

    public void Make(QueueEntry entry, string worker) => made[entry.TaskId] = (entry, worker, clock.GetTimestamp());

    public void TakeBack(QueueEntry entry)
    {
        if (made.TryGetValue(entry.TaskId, out var offer) && offer.Entry == entry) made.Remove(entry.TaskId);
    }

    /// <summary>The task has got as far as this step.</summary>
    public void Reached(string taskId, int step)
    {
        if (made.TryGetValue(taskId, out var offer) && offer.Entry.Step <= step) made.Remove(taskId);
    }

    /// <summary>The step, or a later one, of the same kind is offered.</summary>
    public bool Has(string taskId, RunKind kind, int step) => made.TryGetValue(taskId, out var offer) && offer.Entry.Kind == kind && offer.Entry.Step >= step;

    public IEnumerable<string> TasksOf(string worker) => made.Values.Where(offer => offer.Worker == worker).Select(offer => offer.Entry.TaskId);

    /// <summary>Takes out those of which whoever took them said nothing more. If one was claimed after all, the next claim is declined.</summary>
    public IReadOnlyList<QueueEntry> TakeOverdue()
    {
        var overdue = made.Values.Where(offer => clock.GetElapsedTime(offer.Since) > Patience).Select(offer => offer.Entry).ToList();
        overdue.ForEach(TakeBack);
        return overdue;
    }
}
