using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Ampx.Silo.Workers;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Grains;

/// <summary>What a queue knows of the workers: what they are able to do, and how long they have been silent. Not thread-safe.</summary>
internal sealed class KnownWorkers(TimeProvider clock, IOptionsMonitor<WorkerOptions> options, LeaseRules leases)
{
    /// <summary>How long a task waits for the worker that may have its tree.</summary>
    private static readonly TimeSpan Preference = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromDays(1);

    private readonly Dictionary<string, (WorkerReport Report, long Heard)> reports = [];
    private readonly Dictionary<string, (WorkerRow Row, long Seen)> signs = [];
    private readonly Dictionary<string, (int Step, long Since)> expected = [];
    private readonly HashSet<string> draining = [];
    private readonly long begun = clock.GetTimestamp();

    /// <summary>Those heard of within a lease.</summary>
    public IReadOnlyList<WorkerInfo> Here => [.. reports.Where(worker => IsHere(worker.Key)).OrderBy(worker => worker.Key, StringComparer.Ordinal).Select(worker => new WorkerInfo(worker.Key, worker.Value.Report, draining.Contains(worker.Key)))];

    /// <summary>Signs of life so old that nobody waits for more.</summary>
    public IReadOnlyList<WorkerRow> LongGone => [.. signs.Values.Where(sign => clock.GetElapsedTime(sign.Seen) > ForgottenAfter + sign.Row.HeldFor).Select(sign => sign.Row)];

    public void Heard(string workerId, WorkerReport report)
    {
        if (reports.TryGetValue(workerId, out var known) && known.Report.Start != report.Start) draining.Remove(workerId);
        if (report.Draining) draining.Add(workerId);
        reports[workerId] = (report, clock.GetTimestamp());
    }

    public DateTimeOffset LastSeen(string workerId) => clock.GetUtcNow() - clock.GetElapsedTime(reports[workerId].Heard);

    /// <summary>False if the worker isn't here.</summary>
    public bool Drain(string workerId) => IsHere(workerId) && (draining.Add(workerId) || true);

    public bool IsDraining(string workerId) => draining.Contains(workerId);

    /// <summary>A sign of life counts from when it is first seen here: it was given before that.</summary>
    public void See(IReadOnlyList<WorkerRow> rows)
    {
        var now = clock.GetTimestamp();
        foreach (var row in rows)
        {
            if (!signs.TryGetValue(row.WorkerId, out var known) || known.Row.Beat != row.Beat) signs[row.WorkerId] = (row, now);
        }

        foreach (var gone in signs.Keys.Except(rows.Select(row => row.WorkerId)).ToList()) signs.Remove(gone);
    }

    /// <summary>This process stood still: it was itself that didn't listen.</summary>
    public void Forgive()
    {
        var now = clock.GetTimestamp();
        foreach (var (worker, sign) in signs.ToList()) signs[worker] = (sign.Row, now);
    }

    /// <summary>No agent of the worker can be alive any more for a run that was last heard of at <paramref name="lastBeat"/>.</summary>
    /// <param name="now">Before the signs of life were read.</param>
    public bool IsSilent(string workerId, long lastBeat, long now)
    {
        var lease = options.CurrentValue.LeaseTime;
        if (!leases.IsOn) return clock.GetElapsedTime(lastBeat, now) > lease;
        var (since, heldFor) = signs.TryGetValue(workerId, out var sign) ? (Math.Max(sign.Seen, lastBeat), sign.Row.HeldFor) : (lastBeat, lease);
        return clock.GetElapsedTime(since, now) > heldFor + LeaseRules.Ending;
    }

    /// <summary>The entry waits from now on, unless it did already.</summary>
    public void Expect(QueueEntry entry)
    {
        if (entry.Prefer is not null && (!expected.TryGetValue(entry.TaskId, out var known) || known.Step < entry.Step)) expected[entry.TaskId] = (entry.Step, clock.GetTimestamp());
    }

    /// <summary>The worker can run it, and nobody is waited for who does better.</summary>
    public bool MayHave(string workerId, QueueEntry entry)
    {
        if (entry.Agent is { } agent && !IsReady(workerId, agent) && AnotherMayBe(agent)) return false;
        return entry.Prefer is not { } home || home == workerId || !IsHere(home) || draining.Contains(home) || !expected.TryGetValue(entry.TaskId, out var wait) || clock.GetElapsedTime(wait.Since) >= Preference;
    }

    /// <summary>The task was taken, or waits no longer.</summary>
    public void Forget(string taskId) => expected.Remove(taskId);

    private bool IsHere(string workerId) => reports.TryGetValue(workerId, out var known) && clock.GetElapsedTime(known.Heard) <= options.CurrentValue.LeaseTime;

    private bool IsReady(string workerId, string agent) => !reports.TryGetValue(workerId, out var known) || Has(known.Report, agent);

    /// <summary>Somebody has the agent ready, or may say so yet: a queue that is new has not heard everybody, and who restarts will be back.</summary>
    private bool AnotherMayBe(string agent) =>
        (leases.IsOn && clock.GetElapsedTime(begun) < options.CurrentValue.LeaseTime)
        || reports.Values.Any(worker => clock.GetElapsedTime(worker.Heard) <= options.CurrentValue.RestartGrace && Has(worker.Report, agent));

    private static bool Has(WorkerReport report, string agent) => report.Agents.Any(known => known.Name == agent && known.Unready is null);
}
