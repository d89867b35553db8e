using Ampx.Core.Tasks;

namespace Ampx.Silo.Grains;

/// <summary>Who is next: owners take turns, each owner's oldest task first. Not thread-safe.</summary>
internal sealed class FairQueue
{
    private readonly Dictionary<(string Task, RunKind Kind), QueueEntry> waiting = [];
    private readonly Dictionary<string, long> served = [];
    private long turn;

    public int Count => waiting.Count;

    /// <summary>Once for each task and kind, with the newest step: offers may overtake each other.</summary>
    public void Add(QueueEntry entry)
    {
        if (waiting.GetValueOrDefault((entry.TaskId, entry.Kind)) is not { } known || known.Step <= entry.Step) waiting[(entry.TaskId, entry.Kind)] = entry;
    }

    /// <summary>Forgets what the task offered up to <paramref name="step"/>.</summary>
    public void Remove(string taskId, int step)
    {
        foreach (var kind in (RunKind[])[RunKind.Agent, RunKind.Ci])
        {
            if (waiting.GetValueOrDefault((taskId, kind))?.Step <= step) waiting.Remove((taskId, kind));
        }
    }

    /// <summary>Takes the next entry of <paramref name="kind"/> whose repository is not in <paramref name="full"/> and that <paramref name="suits"/> who asks; null if none.</summary>
    public QueueEntry? Take(RunKind kind, Func<string, bool> full, Func<QueueEntry, bool>? suits = null)
    {
        QueueEntry? best = null;
        foreach (var entry in waiting.Values)
        {
            if (entry.Kind == kind && !full(entry.Repo) && suits?.Invoke(entry) != false && (best is null || Before(entry, best))) best = entry;
        }

        if (best is null) return null;
        waiting.Remove((best.TaskId, best.Kind));
        served[best.Owner] = ++turn;
        return best;
    }

    /// <summary>The owner served longest ago goes first; within an owner ids are in order of creation.</summary>
    private bool Before(QueueEntry a, QueueEntry b)
    {
        var (mine, other) = (served.GetValueOrDefault(a.Owner), served.GetValueOrDefault(b.Owner));
        return mine != other ? mine < other : string.CompareOrdinal(a.TaskId, b.TaskId) < 0;
    }
}
