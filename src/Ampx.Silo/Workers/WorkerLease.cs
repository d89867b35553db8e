using Ampx.Runs;
using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Workers;

/// <summary>This worker's signs of life to the cluster, and the leases that its runs have of them; nothing to do in one process (<see cref="LeaseRules"/>).</summary>
public sealed partial class WorkerLease(
    LeaseRules rules, WorkerTable table, AgentRuns runs, DataFolder folder, IOptions<WorkerOptions> options, TimeProvider clock, ILogger<WorkerLease> log)
{
    /// <summary>What a stop has time for when the database is away.</summary>
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private long beat;

    private TimeSpan LeaseTime => options.Value.LeaseTime;

    /// <summary>The first sign of life. Before it nothing may be begun or gone on with.</summary>
    public async Task Begin(CancellationToken cancel)
    {
        if (!rules.IsOn) return;
        beat = await table.LastBeat(folder.WorkerId, cancel);
        // After a stop in order agents have longer than others will wait for us from here on.
        runs.ShortenLeases(Uptime.Now + LeaseTime);
        if (!await Say(LeaseTime, () => [], cancel)) throw new InvalidOperationException($"{folder.WorkerId} is alive elsewhere: is there a copy of this data folder?");
    }

    /// <summary>Gives signs of life until it is stopped; <paramref name="held"/> are the runs that go on with each.</summary>
    public async Task Renew(Func<IEnumerable<string>> held, CancellationToken stopping)
    {
        if (!rules.IsOn) return;
        using var timer = new PeriodicTimer(LeaseTime / 5, clock);
        do
        {
            // Not only with the next tick: once the database is back each second counts.
            while (!await IsSaid(held, stopping)) await Task.Delay(Soon, clock, stopping);
        }
        while (await timer.WaitForNextTickAsync(stopping));
    }

    /// <summary>The last sign of life of a worker that stops in order and means to come back: its runs have the longer time once others know of it, else not.</summary>
    public async Task Leave(IReadOnlyCollection<string> held)
    {
        if (!rules.IsOn || held.Count == 0) return;
        var grace = options.Value.RestartGrace > LeaseTime ? options.Value.RestartGrace : LeaseTime;
        using var patience = new CancellationTokenSource(LastWord);
        try
        {
            if (!await Say(grace, () => held, patience.Token).WaitAsync(LastWord)) LogOvertaken();
        }
        catch (Exception failed)
        {
            LogNotWritten(failed);
        }
    }

    private async Task<bool> IsSaid(Func<IEnumerable<string>> held, CancellationToken stopping)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(LeaseTime / 2);
        try
        {
            // Not trusted to hear: a connection that hangs may not.
            if (!await Say(LeaseTime, held, patience.Token).WaitAsync(patience.Token)) LogOvertaken();
            return true;
        }
        catch (Exception failed) when (!stopping.IsCancellationRequested)
        {
            LogNotWritten(failed);
            return false;
        }
    }

    private async Task<bool> Say(TimeSpan heldFor, Func<IEnumerable<string>> held, CancellationToken cancel)
    {
        var begun = Uptime.Now;
        if (!await table.Beat(new WorkerRow(folder.WorkerId, ++beat, heldFor), cancel))
        {
            beat = await table.LastBeat(folder.WorkerId, cancel);
            return false;
        }

        // Counted from before it was sent: however long the answer took, or this process stood still, others wait longer than that.
        runs.ExtendLeases(held(), begun + heldFor);
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "this worker's sign of life couldn't be written; its agents are ended when their lease ends")]
    private partial void LogNotWritten(Exception exception);

    [LoggerMessage(LogLevel.Warning, "a later sign of life of this worker is there already; trying again")]
    private partial void LogOvertaken();
}
