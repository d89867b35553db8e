using Ampx.Silo.Forges;
using Ampx.Silo.Git;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Admin;

/// <summary>What this machine keeps of tasks: trees with their work, refs in mirrors; and the task's own ref at the remote, which only a machine with a mirror can remove.</summary>
internal sealed partial class MachineRemains(Workspaces workspaces, Mirrors mirrors, CheckpointRefs refs, Forges.Forges forges, ILogger<MachineRemains> log)
{
    /// <summary>Removes all of it; done again it does nothing.</summary>
    /// <returns>False if something is in use or out of reach yet.</returns>
    public async Task<bool> Remove(RemovedTask task)
    {
        try
        {
            var free = await Task.Run(() => workspaces.Remove(task.TaskId));
            var repo = forges.Parse(task.Repo, task.Forge);
            var remote = await forges.Of(repo).Remote(repo, CancellationToken.None);
            if (!Directory.Exists(mirrors.PathOf(remote))) return free;
            var gone = task.Checkpoint is null || await RemoveCheckpoint(task);
            await mirrors.Forget(remote, task.TaskId);
            return free && gone;
        }
        catch (Exception trouble) when (trouble is GitException or RemoteException or ForgeException or IOException or UnauthorizedAccessException)
        {
            LogLeft(task.TaskId, trouble);
            return false;
        }
    }

    private async Task<bool> RemoveCheckpoint(RemovedTask task)
    {
        var repo = forges.Parse(task.Repo, task.Forge);
        var remote = await forges.Of(repo).RemoteForPush(repo, CancellationToken.None);
        // Nobody else can have it any more: the task is gone. A server that refuses would refuse again.
        return await refs.Remove(remote, task.TaskId, task.Checkpoint, () => Task.FromResult(true)) is PushOutcome.Pushed or PushOutcome.AlreadyThere or PushOutcome.Refused;
    }

    [LoggerMessage(LogLevel.Warning, "not everything of the removed task {Task} could be removed")]
    private partial void LogLeft(string task, Exception exception);
}
