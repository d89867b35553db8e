using Ampx.Core.Tasks;

namespace Ampx.Tests.Gateway;

/// <summary>Changes as SQL gives them: each task that isn't as it was when the mark was given.</summary>
internal sealed partial class FakeTasks : ITaskChanges
{
    private readonly Lock marking = new();
    private readonly List<Dictionary<string, int>> marks = [];

    /// <summary>How often changes were asked for.</summary>
    public int Looks { get; private set; }

    public Task<long> Now(CancellationToken cancel) => Task.FromResult(Mark([.. States()]));

    public Task<TaskChanges> Since(long mark, CancellationToken cancel)
    {
        Looks++;
        if (Trouble is not null) throw Trouble;
        var now = States().ToList();
        Dictionary<string, int> then;
        lock (marking) then = marks[(int)mark];
        return Task.FromResult(new TaskChanges(Mark(now), [.. now.Where(task => then.GetValueOrDefault(task.Id) != task.Version)]));
    }

    public Task<IReadOnlyList<TaskState>> Of(IReadOnlyList<string> ids, CancellationToken cancel) => Task.FromResult<IReadOnlyList<TaskState>>([.. States().Where(task => ids.Contains(task.Id))]);

    private long Mark(IReadOnlyList<TaskState> now)
    {
        lock (marking)
        {
            marks.Add(now.ToDictionary(task => task.Id, task => task.Version));
            return marks.Count - 1;
        }
    }
}
