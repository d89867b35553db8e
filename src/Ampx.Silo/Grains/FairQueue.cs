using Ampx.Core.Tasks;

namespace Ampx.Silo.Grains;

/// <summary>
/// Who is next, for each kind of slot: owners take turns, so do each owner's repositories, and in a repository the oldest task goes first.
/// Nobody waits behind another's hundred tasks, nor behind their own hundred in another repository. Not thread-safe.
/// </summary>
internal sealed class FairQueue
{
    private readonly Dictionary<(string Task, RunKind Kind), QueueEntry> waiting = [];
    private readonly Dictionary<RunKind, QueueLane> lanes = new() { [RunKind.Agent] = new(), [RunKind.Ci] = new() };
    private Dictionary<(string Task, RunKind Kind), int>? positions;

    public int Count => waiting.Count;

    public int CountOf(RunKind kind) => waiting.Keys.Count(key => key.Kind == kind);

    /// <summary>Once for each task and kind, with the newest step: offers may overtake each other.</summary>
    public void Add(QueueEntry entry)
    {
        if (waiting.GetValueOrDefault((entry.TaskId, entry.Kind)) is { } known)
        {
            if (known.Step > entry.Step || known == entry) return;
            Forget(known);
        }

        waiting[(entry.TaskId, entry.Kind)] = entry;
        lanes[entry.Kind].Add(entry);
        positions = null;
    }

    public bool Has(string taskId, RunKind kind, int step) => waiting.TryGetValue((taskId, kind), out var known) && known.Step >= step;

    /// <summary>Forgets what the task offered up to <paramref name="step"/>.</summary>
    public void Remove(string taskId, int step)
    {
        foreach (var kind in lanes.Keys)
        {
            if (waiting.GetValueOrDefault((taskId, kind)) is { } known && known.Step <= step) Forget(known);
        }
    }

    /// <summary>Takes the next entry of <paramref name="kind"/> whose repository is not <paramref name="full"/> and that <paramref name="suits"/> who asks; null if none.</summary>
    public QueueEntry? Take(RunKind kind, Func<string, bool> full, Func<QueueEntry, bool>? suits = null)
    {
        if (lanes[kind].Find(full, suits) is not { } next) return null;
        lanes[kind].Serve(next);
        Forget(next);
        return next;
    }

    /// <summary>The place in its kind's line of each waiting task: 1 is next. Exact if nothing more comes and no limit holds one of them up.</summary>
    public int? PositionOf(string taskId)
    {
        if (positions is null)
        {
            positions = new(waiting.Count);
            foreach (var (kind, lane) in lanes)
            {
                var place = 0;
                foreach (var entry in lane.Foreseen()) positions[(entry.TaskId, kind)] = ++place;
            }
        }

        return positions.TryGetValue((taskId, RunKind.Agent), out var found) || positions.TryGetValue((taskId, RunKind.Ci), out found) ? found : null;
    }

    private void Forget(QueueEntry entry)
    {
        waiting.Remove((entry.TaskId, entry.Kind));
        lanes[entry.Kind].Remove(entry);
        positions = null;
    }
}
