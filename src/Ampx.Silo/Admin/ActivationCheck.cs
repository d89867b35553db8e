using System.Collections.Concurrent;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Gateway;
using Ampx.Silo.Storage;
using Orleans.Core.Internal;

namespace Ampx.Silo.Admin;

/// <summary>What the grains of tasks at work have in memory against what is stored.</summary>
public sealed class ActivationCheck(Database database, IGrainFactory grains)
{
    /// <summary>Beyond so many only the newest are asked: each question may wake a grain.</summary>
    private const int Most = 5000;
    private const int AtOnce = 16;

    /// <summary>Memory that is older than storage, and how many were asked.</summary>
    public async Task<(IReadOnlyList<CheckFinding> Findings, int Count)> Look(CancellationToken cancel)
    {
        // Storage first: it never runs ahead of memory.
        var stored = await database.Readers.Rows(
            $"SELECT task_id, version FROM task_row WHERE phase <> 'done' ORDER BY task_id DESC LIMIT {Most}", null, row => (TaskId: row.GetString(0), Version: row.GetInt32(1)), cancel);
        var findings = new ConcurrentBag<CheckFinding>();
        await Parallel.ForEachAsync(stored, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancel, TaskScheduler = TaskScheduler.Default }, async (task, token) =>
        {
            try
            {
                var now = await Grain(task.TaskId).Find().WaitAsync(token);
                if (now is null || now.Version < task.Version)
                    findings.Add(new("activation", task.TaskId, "memory", $"the grain knows {(now is null ? "no such task" : $"version {now.Version}")}, stored is {task.Version}"));
            }
            catch (Exception broken) when (!token.IsCancellationRequested && !Unreachable.Is(broken))
            {
                findings.Add(new("activation", task.TaskId, "memory", $"the grain can't answer: {broken.Message}"));
            }
        });
        return ([.. findings], stored.Count);
    }

    /// <summary>Has the grain read its state again.</summary>
    public async Task Repair(CheckFinding finding, CancellationToken cancel)
    {
        await Grain(finding.TaskId!).AsReference<IGrainManagementExtension>().DeactivateOnIdle(cancel);
        await Grain(finding.TaskId!).Wake().WaitAsync(cancel);
    }

    private ITaskGrain Grain(string taskId) => grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(taskId));
}
