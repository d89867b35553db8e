using System.Globalization;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Silo.Grains;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Ampx.Silo.Admin;

/// <summary>Compares the machines' workers, run folders and trees with the runs of the stored states.</summary>
internal sealed partial class Machines(IGrainFactory grains, ITaskRows rows, ILogger<Machines> log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private const int Tries = 5;

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

        // A run that was claimed or ended between these looks seems wrong; a second round finds it right.
        var runs = await rows.AllRuns(cancel);
        var watched = (await grains.GetGrain<IWorkQueueGrain>(0).Watched().WaitAsync(cancel)).ToHashSet();
        findings.AddRange(runs.SelectMany(run => OfRun(run, reports, watched)));
        foreach (var (silo, report) in reports) findings.AddRange(OfMachine(silo, report, runs));
        return (findings, runs.Count, reports.Sum(r => r.Report.Folders.Count), reports.Sum(r => r.Report.Trees.Count), reports.Count);
    }

    /// <summary>Mends what a machine, a task or the queue is able to mend now.</summary>
    public async Task Repair(CheckFinding finding, CancellationToken cancel)
    {
        switch (finding.Kind)
        {
            case "run_folder" when Where(finding) is var (silo, runId):
                await At(silo, machine => machine.EndRun(runId), cancel);
                break;
            case "workspace" when finding.TaskId is { } task && Where(finding) is var (silo, _):
                await At(silo, machine => machine.ReleaseTree(task), cancel);
                break;
            case "run" when Where(finding) is var (silo, runId):
                await GiveUp(finding.TaskId!, silo, runId, cancel);
                break;
            case "run":
                // It tells the queue of its run.
                await TaskOf(finding).Wake().WaitAsync(cancel);
                break;
        }
    }

    /// <summary>Removes what the machines that are up keep of a removed task; false if one couldn't, or couldn't be asked.</summary>
    public async Task<bool> Forget(RemovedTask task, CancellationToken cancel)
    {
        var all = true;
        foreach (var silo in (await grains.GetGrain<IManagementGrain>(0).GetHosts(true, cancel)).Keys)
        {
            try
            {
                all &= await At(silo.ToParsableString(), machine => machine.Forget(task), cancel) is { Done: true };
            }
            catch (Exception failed) when (failed is OrleansException or TimeoutException)
            {
                LogSilent(silo.ToParsableString(), failed);
                all = false;
            }
        }

        return all;
    }

    /// <summary>Only where the worker itself says that it doesn't hold the run: what may be left of it is ended first, so that nobody is alone with the thread.</summary>
    private async Task GiveUp(string taskId, string silo, string runId, CancellationToken cancel)
    {
        if (await At(silo, machine => machine.EndRun(runId), cancel) is not { Done: true }) return;
        var task = grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(taskId));
        if (await task.Find() is { } state && state.Run?.RunId == runId)
            await task.Tell(new WorkerLost("its worker doesn't hold it (admin check)"), state.Step).WaitAsync(cancel);
    }

    private static IEnumerable<CheckFinding> OfRun(ClaimedRun run, List<(string Silo, MachineReport Report)> reports, HashSet<string> watched)
    {
        var (silo, worker) = reports.FirstOrDefault(r => r.Report.WorkerId == run.WorkerId);
        if (worker is not null && !worker.Held.Contains(run.RunId))
            yield return new("run", run.TaskId, $"{silo} {run.RunId}", $"the task is in this run since step {run.Step}, but its worker {run.WorkerId} doesn't hold it");
        // One that is away has its lease or its restart's grace, and the queue watches them.
        if (worker is null && !watched.Contains(run.RunId))
            yield return new("run", run.TaskId, run.RunId, $"its worker {run.WorkerId} is not there, and the queue doesn't watch the run: nobody would notice its end");
    }

    private static IEnumerable<CheckFinding> OfMachine(string silo, MachineReport report, IReadOnlyList<ClaimedRun> runs)
    {
        var (known, tasks) = (runs.Select(run => run.RunId).Concat(report.Held).ToHashSet(), runs.Where(run => run.WorkerId == report.WorkerId).Select(run => run.TaskId).ToHashSet());
        foreach (var run in report.Folders.Where(run => !known.Contains(run)))
            yield return new("run_folder", null, $"{silo} {run}", $"worker {report.WorkerId} has its folder, but no task is in this run");
        foreach (var tree in report.Trees)
        {
            if (tree.TaskId == MachineTree.Nobody) yield return new("workspace", null, $"{silo} {tree.Folder}", "its tree.json can't be read, so whose work lies there isn't known: look at the folder and remove it");
            else if (tree.Held && !tasks.Contains(tree.TaskId)) yield return new("workspace", tree.TaskId, $"{silo} {tree.Folder}", "it is held, but its task has no run there");
            else if (tree.MirrorGone) yield return new("workspace", tree.TaskId, $"{silo} {tree.Folder}", "the mirror that it borrows from is gone");
        }
    }

    private async Task<(MachineReport? Report, string? Why)> Ask(SiloAddress silo, CancellationToken cancel)
    {
        try
        {
            return (await At(silo.ToParsableString(), machine => machine.Look(), cancel), null);
        }
        catch (Exception failed) when (failed is OrleansException or TimeoutException)
        {
            LogSilent(silo.ToParsableString(), failed);
            return (null, failed.Message);
        }
    }

    /// <summary>Asks the grain on that very silo.</summary>
    /// <exception cref="TimeoutException">It can't be had there.</exception>
    private async Task<T> At<T>(string silo, Func<IMachineGrain, Task<T?>> call, CancellationToken cancel) where T : class
    {
        for (var tries = 1; tries <= Tries; tries++)
        {
            RequestContext.Set(IPlacementDirector.PlacementHintKey, SiloAddress.FromParsableString(silo));
            try
            {
                if (await call(grains.GetGrain<IMachineGrain>(silo)).WaitAsync(Patience, cancel) is { } answer) return answer;
            }
            finally
            {
                RequestContext.Remove(IPlacementDirector.PlacementHintKey);
            }

            await Task.Delay(Pause, cancel);
        }

        throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"{Tries} times another silo answered for {silo}"));
    }

    private ITaskGrain TaskOf(CheckFinding finding) => grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(finding.TaskId!));

    private static (string Silo, string What)? Where(CheckFinding finding) =>
        finding.Where.Split(' ', 2) is [var silo, var what] ? (silo, what) : null;

    [LoggerMessage(LogLevel.Warning, "the machine {Silo} couldn't be asked")]
    private partial void LogSilent(string silo, Exception exception);
}
