using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;

namespace Ampx.Silo.Grains;

/// <summary>The tasks that wait for CI in one repository, as the index has them. Not thread-safe.</summary>
/// <param name="key">The repository's, whatever its spellings.</param>
internal sealed class CiWaiters(ITaskRows rows, ForgeDesk desk, string key)
{
    private readonly Dictionary<string, WatchedTask> waiting = [];
    private readonly HashSet<string> spellings = new(StringComparer.Ordinal);
    private readonly HashSet<string> unknown = [];

    /// <summary>Commits that a delivery spoke of before their tasks were known here: CI may be quicker than the word that one waits for it.</summary>
    private readonly LastSeen early = new();
    private bool stale;

    public IReadOnlyCollection<WatchedTask> All => waiting.Values;

    /// <summary>The index is to be read before anything else.</summary>
    public bool IsOutdated => stale || unknown.Count > 0;

    public WatchedTask? Find(string taskId) => waiting.GetValueOrDefault(taskId);

    /// <summary>All spellings of the repository that tasks in the index have.</summary>
    public async Task<IEnumerable<string>> Spellings(CancellationToken cancel) => (await rows.ReposWaitingForCi(cancel)).Where(repo => desk.KeyOf(repo) == key);

    public void Start(IEnumerable<string> spelled)
    {
        spellings.UnionWith(spelled);
        stale = true;
    }

    /// <summary>The index couldn't be read, or not to its end.</summary>
    public void Doubt() => stale = true;

    /// <summary>The task waits since the step; false if that is known.</summary>
    public bool Expect(string taskId, int step) => !(waiting.TryGetValue(taskId, out var known) && known.Step >= step) && (unknown.Add(taskId) || true);

    /// <summary>A delivery spoke of the commit; null: of none.</summary>
    public void Announce(string? sha)
    {
        foreach (var task in waiting.Values.Where(task => sha is null || task.Sha == sha)) (task.Hinted, task.Announced) = (sha is not null, true);
        if (sha is not null && waiting.Values.All(task => task.Sha != sha)) early.Add(sha);
    }

    /// <summary>Takes over from the index who waits; true if there are new ones.</summary>
    public async Task<bool> Sync(TimeSpan settle)
    {
        if (unknown.Count > 0)
        {
            var ids = unknown.ToList();
            spellings.UnionWith((await rows.States(ids, CancellationToken.None)).Select(task => task.Repo).Where(repo => desk.KeyOf(repo) == key));
            unknown.ExceptWith(ids);
        }

        stale = false;
        var there = (await rows.WaitingForCi(spellings, CancellationToken.None)).Where(row => row.HeadSha is not null).ToDictionary(row => row.TaskId, row => row.Step);
        foreach (var (id, task) in waiting.ToList())
        {
            if (!there.TryGetValue(id, out var step) || step != task.Step) waiting.Remove(id);
        }

        var fresh = there.Keys.Where(id => !waiting.ContainsKey(id)).ToList();
        if (fresh.Count == 0) return false;
        foreach (var task in (await rows.States(fresh, CancellationToken.None)).Where(Waits))
        {
            var told = early.Remove(task.HeadSha!);
            waiting[task.Id] = new WatchedTask(task, settle) { Hinted = told, Announced = told };
        }

        return true;
    }

    /// <summary>The task as it is stored now, if it still waits in the same step.</summary>
    public async Task<TaskState?> Current(WatchedTask task) =>
        (await rows.States([task.Id], CancellationToken.None)).SingleOrDefault() is { } now && Waits(now) && now.Step == task.Step ? now : null;

    /// <summary>What the task has become after it was told something.</summary>
    public void Became(WatchedTask task, TaskState? after)
    {
        // Not by its name alone: meanwhile it may wait anew, for its next step.
        if ((after is null || !Waits(after) || after.Step != task.Step) && Find(task.Id) == task) waiting.Remove(task.Id);
    }

    private static bool Waits(TaskState task) => task is { Phase: Phase.WaitingForCi, Forge: not ForgeKind.Git, HeadSha: not null };
}
