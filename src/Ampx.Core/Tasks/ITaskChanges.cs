namespace Ampx.Core.Tasks;

/// <summary>What changed of all tasks, in a cluster too.</summary>
public interface ITaskChanges
{
    /// <summary>The mark of now: <see cref="Since"/> it gives whatever is committed from now on.</summary>
    Task<long> Now(CancellationToken cancel);

    /// <summary>Each task that changed since a mark, as it is now, and the next mark. None is left out; one may come again that came last time.</summary>
    Task<TaskChanges> Since(long mark, CancellationToken cancel);

    /// <summary>The tasks of these whole ids that there are.</summary>
    Task<IReadOnlyList<TaskState>> Of(IReadOnlyList<string> ids, CancellationToken cancel);
}

/// <summary>Changed tasks, and the mark to go on from.</summary>
public sealed record TaskChanges(long Mark, IReadOnlyList<TaskState> Tasks);
