using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Ampx.Silo.Admin;

/// <inheritdoc cref="IAdminGrain"/>
[StatelessWorker, Reentrant]
internal sealed partial class AdminGrain(
    StorageCheck storage, StorageRepair rows, ReminderCheck reminders, ActivationCheck activations, Machines machines, TimeProvider clock, ILogger<AdminGrain> log) : Grain, IAdminGrain
{
    /// <summary>What is in motion looks wrong for a moment; what is wrong still is after this.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(2);

    public async Task<CheckReport> Check(bool repair, CancellationToken cancel)
    {
        var (findings, counts) = await Look(cancel);
        if (findings.Count > 0)
        {
            await Task.Delay(Moment, clock, cancel);
            findings = Still(findings, (await Look(cancel)).Findings);
        }

        if (!repair || findings.Count == 0) return new CheckReport(findings, counts);
        foreach (var finding in findings) await Mend(finding, cancel);
        await WakeAll(findings, cancel);
        var left = (await Look(cancel)).Findings.Select(Key).ToHashSet();
        return new CheckReport([.. findings.Select(finding => finding with { Repaired = !left.Contains(Key(finding)) })], counts);
    }

    private async Task<(IReadOnlyList<CheckFinding> Findings, CheckCounts Counts)> Look(CancellationToken cancel)
    {
        var (tasks, entries) = await storage.Count(cancel);
        var derived = await storage.Look(cancel);
        var (lost, reminded) = await reminders.Look(cancel);
        var (stale, asked) = await activations.Look(cancel);
        var (away, runs, folders, trees, reached) = await machines.Look(cancel);
        return ([.. derived, .. lost, .. stale, .. away], new CheckCounts(tasks, entries, reminded, asked, runs, folders, trees, reached));
    }

    /// <summary>Found twice; as it was found last.</summary>
    private static IReadOnlyList<CheckFinding> Still(IReadOnlyList<CheckFinding> before, IReadOnlyList<CheckFinding> now)
    {
        var known = before.Select(Key).ToHashSet();
        return [.. now.Where(finding => known.Contains(Key(finding)))];
    }

    private static (string Kind, string? TaskId, string Where) Key(CheckFinding finding) => (finding.Kind, finding.TaskId, finding.Where);

    private async Task Mend(CheckFinding finding, CancellationToken cancel)
    {
        try
        {
            LogMending(finding.Kind, finding.TaskId, finding.Where, finding.Detail);
            await (finding.Kind switch
            {
                "index" or "timeline" or "attempt" => rows.Rebuild(finding.TaskId!, cancel),
                "reminder" => reminders.Repair(finding, cancel),
                "activation" => activations.Repair(finding, cancel),
                _ => machines.Repair(finding, cancel),
            });
        }
        catch (Exception failed) when (!cancel.IsCancellationRequested)
        {
            // One that can't be mended keeps no other from it; the answer says so.
            LogNotMended(finding.Kind, finding.TaskId, finding.Where, failed);
        }
    }

    /// <summary>A task whose row was wrong may have been forgotten by queue, wake-up and watch.</summary>
    private async Task WakeAll(IReadOnlyList<CheckFinding> findings, CancellationToken cancel)
    {
        foreach (var task in findings.Where(finding => finding.Kind is "index").Select(finding => finding.TaskId!).Distinct())
        {
            try
            {
                await GrainFactory.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task)).Wake().WaitAsync(cancel);
            }
            catch (Exception failed) when (!cancel.IsCancellationRequested)
            {
                LogNotMended("wake", task, "grain", failed);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "check --repair: {Kind} of {Task} at {Where}: {Detail}")]
    private partial void LogMending(string kind, string? task, string where, string detail);

    [LoggerMessage(LogLevel.Error, "check: {Kind} of {Task} at {Where} couldn't be mended")]
    private partial void LogNotMended(string kind, string? task, string where, Exception exception);
}
