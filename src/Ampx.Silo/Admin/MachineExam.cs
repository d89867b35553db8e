using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Git;
using Ampx.Silo.Hosting;
using Ampx.Silo.Workers;

namespace Ampx.Silo.Admin;

/// <summary>Run folders and kept trees of this machine.</summary>
internal sealed class MachineExam(DataFolder folder, Worker worker, RunCarrier carrier, AgentRuns runs, Workspaces workspaces)
{
    /// <summary>A worker that has just started doesn't know yet which runs are its own.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <exception cref="TimeoutException">The worker hasn't found out which runs are its own.</exception>
    public async Task<MachineReport> Look()
    {
        await worker.Resumed.WaitAsync(Patience);
        // The folders first: a worker holds a run before it makes the folder.
        var folders = runs.All().Select(run => run.RunId).ToList();
        var trees = workspaces.Trees().Select(tree => new MachineTree(tree.Folder, tree.TaskId, tree.Held, tree.MirrorGone)).ToList();
        trees.AddRange(workspaces.Torn().Select(torn => new MachineTree(torn, MachineTree.Nobody, false, false)));
        return new MachineReport(folder.WorkerId, folders, [.. worker.Held.Select(run => run.Run.RunId)], trees);
    }

    /// <summary>False, and nothing done, for a run that the worker holds after all; else nothing is left of it.</summary>
    /// <exception cref="TimeoutException">The worker hasn't found out which runs are its own.</exception>
    public async Task<bool> EndRun(string runId)
    {
        await worker.Resumed.WaitAsync(Patience);
        if (worker.Held.Any(run => run.Run.RunId == runId)) return false;
        await carrier.EndOrphan(runId, CancellationToken.None);
        return true;
    }

    /// <summary>Gives the task's tree back; one whose mirror is gone is laid out anew when it is used next. False, and nothing done, while a run of the task is here.</summary>
    /// <exception cref="TimeoutException">The worker hasn't found out which runs are its own.</exception>
    public async Task<bool> ReleaseTree(string taskId)
    {
        await worker.Resumed.WaitAsync(Patience);
        if (worker.Held.Any(run => run.TaskId == taskId)) return false;
        workspaces.Release(taskId);
        if (workspaces.Trees().Any(tree => tree.TaskId == taskId && tree.MirrorGone)) workspaces.Unready(taskId);
        return true;
    }
}
