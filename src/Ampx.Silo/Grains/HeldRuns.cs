using Ampx.Core.Tasks;
using Ampx.Silo.Workers;

namespace Ampx.Silo.Grains;

/// <param name="Run">A task counts on it.</param>
/// <param name="LastBeat">When its worker last said here that it holds it, or when the task first spoke of it. In a cluster the workers' own signs of life count beside it.</param>
/// <param name="Missed">The worker's last beat lacked it.</param>
internal sealed record WatchedRun(HeldRun Run, long LastBeat, bool Missed = false);

/// <summary>The runs that tasks count on, and when their workers last said that they hold them. Not thread-safe.</summary>
internal sealed class HeldRuns(TimeProvider clock, LeaseRules leases)
{
    private readonly Dictionary<string, WatchedRun> watched = [];

    public IReadOnlyCollection<string> Ids => watched.Keys;

    public IEnumerable<HeldRun> All => watched.Values.Select(run => run.Run);

    public void Add(HeldRun run) => watched.TryAdd(run.Run.RunId, new WatchedRun(run, clock.GetTimestamp()));

    public void Remove(string runId) => watched.Remove(runId);

    /// <summary>Takes it out; one that isn't known counts as heard of now.</summary>
    public WatchedRun Take(HeldRun run) => watched.Remove(run.Run.RunId, out var known) ? known : new WatchedRun(run, clock.GetTimestamp(), Missed: true);

    public void PutBack(WatchedRun run) => watched.TryAdd(run.Run.Run.RunId, run);

    /// <summary>The worker holds these. Those of its others that were missing before, too, are returned: nobody holds them any more.</summary>
    public IReadOnlyList<HeldRun> Beat(string worker, IReadOnlyList<HeldRun> runs)
    {
        var now = clock.GetTimestamp();
        // In a cluster a beat proves only that this queue can be reached, and there may be another one: what is written where all see it counts.
        foreach (var run in runs)
            watched[run.Run.RunId] = new WatchedRun(run, leases.IsOn && watched.TryGetValue(run.Run.RunId, out var known) ? known.LastBeat : now);
        var kept = runs.Select(run => run.Run.RunId).ToHashSet();
        var missing = watched.Values.Where(run => run.Run.Run.WorkerId == worker && !kept.Contains(run.Run.Run.RunId)).ToList();
        // Claimed while this beat was on its way, perhaps. The next one sets out only now: it has the run, or the run is lost.
        foreach (var run in missing) watched[run.Run.Run.RunId] = run with { Missed = true };
        return [.. missing.Where(run => run.Missed).Select(run => run.Run)];
    }

    /// <summary>Those whose workers can't be alive.</summary>
    public IReadOnlyList<HeldRun> Silent(KnownWorkers workers, long now) =>
        [.. watched.Values.Where(run => workers.IsSilent(run.Run.Run.WorkerId, run.LastBeat, now)).Select(run => run.Run)];

    /// <summary>This process stood still: it was itself that didn't listen.</summary>
    public void Forgive()
    {
        var now = clock.GetTimestamp();
        foreach (var run in watched.Values.ToList()) watched[run.Run.Run.RunId] = run with { LastBeat = now };
    }
}
