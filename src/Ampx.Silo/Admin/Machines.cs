using System.Globalization;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Ampx.Silo.Admin;

/// <summary>Compares the machines' workers, run folders and trees with the runs of the stored states.</summary>
internal sealed partial class Machines(IGrainFactory grains, ITaskRows rows, ILogger<Machines> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private const int Tries = 3;

    /// <summary>What differs, how many runs the states have, and what was looked at.</summary>
    public async Task<(IReadOnlyList<CheckFinding> Findings, int Runs, int Folders, int Trees, int Machines)> Look(CancellationToken cancel)
    {
        var findings = new List<CheckFinding>();
        var reports = new List<(string Silo, MachineReport Report)>();
        foreach (var silo in (await grains.GetGrain<IManagementGrain>(0).GetHosts(true, cancel)).Keys)
        {
            var (report, why) = await Ask(silo, cancel);
            if (report is not null) reports.Add((silo.ToParsableString(), report));
            else findings.Add(new("machine", null, silo.ToParsableString(), $"its folders could not be looked at: {why}"));
        }

        // After the machines: a run in a state by then was claimed, and so held, or has ended since.
        var runs = await rows.AllRuns(cancel);
        findings.AddRange(runs.SelectMany(run => OfRun(run, reports, complete: findings.Count == 0)));
        foreach (var (silo, report) in reports) findings.AddRange(OfMachine(silo, report, runs));
        return (findings, runs.Count, reports.Sum(r => r.Report.Folders.Count), reports.Sum(r => r.Report.Trees.Count), reports.Count);
    }

    /// <summary>Mends what a machine or a task is able to mend now; a run of a worker that is away is left to the queue.</summary>
    public async Task Repair(CheckFinding finding, CancellationToken cancel)
    {
        switch (finding.Kind)
        {
            case "run_folder":
                var folder = finding.Where.Split(' ');
                await At(folder[0]).EndRun(folder[1]).WaitAsync(cancel);
                break;
            case "workspace":
                await At(finding.Where.Split(' ')[0]).ReleaseTree(finding.TaskId!).WaitAsync(cancel);
                break;
            case "run":
                await GiveUp(finding, cancel);
                break;
        }
    }

    /// <summary>Only where the worker itself says that it doesn't hold the run: what may be left of it is ended first, so that nobody is alone with the thread.</summary>
    private async Task GiveUp(CheckFinding finding, CancellationToken cancel)
    {
        var task = grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(finding.TaskId!));
        if (finding.Where.Split(' ') is [var silo, var runId])
        {
            await At(silo).EndRun(runId).WaitAsync(cancel);
            if (await task.Find() is { } state && state.Run?.RunId == runId) await task.Tell(new WorkerLost("its worker doesn't hold it (admin check)"), state.Step).WaitAsync(cancel);
        }

        await task.Wake().WaitAsync(cancel);
    }

    private static IEnumerable<CheckFinding> OfRun(ClaimedRun run, List<(string Silo, MachineReport Report)> reports, bool complete)
    {
        var (silo, worker) = reports.FirstOrDefault(r => r.Report.WorkerId == run.WorkerId);
        if (worker is not null && !worker.Held.Contains(run.RunId))
            yield return new("run", run.TaskId, $"{silo} {run.RunId}", $"the task is in this run since step {run.Step}, but its worker {run.WorkerId} doesn't hold it");
        if (worker is null && complete)
            yield return new("run", run.TaskId, run.RunId, $"its worker {run.WorkerId} is not there; the queue gives the run away when its lease is over");
    }

    private static IEnumerable<CheckFinding> OfMachine(string silo, MachineReport report, IReadOnlyList<ClaimedRun> runs)
    {
        var (known, tasks) = (runs.Select(run => run.RunId).Concat(report.Held).ToHashSet(), runs.Where(run => run.WorkerId == report.WorkerId).Select(run => run.TaskId).ToHashSet());
        foreach (var run in report.Folders.Where(run => !known.Contains(run)))
            yield return new("run_folder", null, $"{silo} {run}", $"worker {report.WorkerId} has its folder, but no task is in this run");
        foreach (var tree in report.Trees)
        {
            if (tree.Held && !tasks.Contains(tree.TaskId)) yield return new("workspace", tree.TaskId, $"{silo} {tree.Folder}", "it is held, but its task has no run there");
            else if (tree.MirrorGone) yield return new("workspace", tree.TaskId, $"{silo} {tree.Folder}", "the mirror that it borrows from is gone");
        }
    }

    private async Task<(MachineReport? Report, string? Why)> Ask(SiloAddress silo, CancellationToken cancel)
    {
        try
        {
            for (var tries = 1; tries <= Tries; tries++)
            {
                RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
                if (await At(silo.ToParsableString()).Look().WaitAsync(Patience, cancel) is { } report) return (report, null);
            }

            return (null, string.Create(CultureInfo.InvariantCulture, $"{Tries} times another silo answered"));
        }
        catch (Exception failed) when (failed is OrleansException or TimeoutException)
        {
            LogSilent(silo.ToParsableString(), failed);
            return (null, failed.Message);
        }
        finally
        {
            RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        }
    }

    private IMachineGrain At(string silo) => grains.GetGrain<IMachineGrain>(silo);

    [LoggerMessage(LogLevel.Warning, "the machine {Silo} couldn't be looked at")]
    private partial void LogSilent(string silo, Exception exception);
}
