using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Git;
using Ampx.Silo.Hosting;
using Ampx.Silo.Workers;

namespace Ampx.Silo.Admin;

/// <summary>Run folders and kept trees of this machine.</summary>
internal sealed class MachineExam(DataFolder folder, Worker worker, RunCarrier carrier, AgentRuns runs, Workspaces workspaces)
{
    public MachineReport Look()
    {
        // The folders first: a worker holds a run before it makes the folder.
        var folders = runs.All().Select(run => run.RunId).ToList();
        var trees = workspaces.Trees().Select(tree => new MachineTree(tree.Folder, tree.TaskId, tree.Held, tree.MirrorGone)).ToList();
        return new MachineReport(folder.WorkerId, folders, [.. worker.Held.Select(run => run.Run.RunId)], trees);
    }

    /// <summary>Does nothing to a run that the worker holds after all.</summary>
    public async Task EndRun(string runId)
    {
        if (worker.Held.Any(run => run.Run.RunId == runId)) return;
        await carrier.EndOrphan(runId, CancellationToken.None);
    }

    /// <summary>Gives the task's tree back; one whose mirror is gone is laid out anew when it is used next.</summary>
    public void ReleaseTree(string taskId)
    {
        if (worker.Held.Any(run => run.TaskId == taskId)) return;
        workspaces.Release(taskId);
        if (workspaces.Trees().Any(tree => tree.TaskId == taskId && tree.MirrorGone)) workspaces.Unready(taskId);
    }
}
