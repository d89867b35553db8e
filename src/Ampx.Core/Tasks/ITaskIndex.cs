namespace Ampx.Core.Tasks;

/// <summary>Reads over all tasks, straight from the database: no grain is woken.</summary>
public interface ITaskIndex
{
    /// <summary>A page of tasks, newest first, stable while tasks are added.</summary>
    Task<TaskPage> List(TaskFilter filter, CancellationToken cancel);

    /// <summary>The ids that <paramref name="part"/> means: a whole id, a unique ending of at least 4 characters or a unique beginning; several when it is ambiguous (at most 10).</summary>
    Task<IReadOnlyList<string>> Resolve(string part, CancellationToken cancel);

    /// <summary>How many tasks have each status; one that none has is left out.</summary>
    Task<IReadOnlyDictionary<Status, int>> CountByStatus(CancellationToken cancel);

    /// <summary>Tasks that have ended since then, for statistics.</summary>
    Task<IReadOnlyList<EndedTask>> Ended(DateTimeOffset since, CancellationToken cancel);

    /// <summary>Every transition, oldest first.</summary>
    Task<IReadOnlyList<TimelineEntry>> Timeline(string taskId, CancellationToken cancel);

    /// <summary>Every attempt, oldest first.</summary>
    Task<IReadOnlyList<Attempt>> Attempts(string taskId, CancellationToken cancel);
}

/// <summary>Which tasks; null means any.</summary>
/// <param name="Statuses">Any of these.</param>
/// <param name="Repo">As the task has it.</param>
/// <param name="Owner">A user's name.</param>
/// <param name="Limit">1 to 200.</param>
/// <param name="Before">The id that the last page ended with.</param>
public sealed record TaskFilter(IReadOnlyList<Status>? Statuses = null, string? Repo = null, string? Owner = null, int Limit = 50, string? Before = null);

/// <summary>A page of tasks; <see cref="NextCursor"/> is null on the last one.</summary>
public sealed record TaskPage(IReadOnlyList<TaskState> Tasks, string? NextCursor);

/// <summary>An ended task in figures.</summary>
/// <param name="TakenAt">When a worker first took it; null if none ever did.</param>
/// <param name="Attempts">Agent runs that counted, over its whole life.</param>
public sealed record EndedTask(Status Status, DateTimeOffset CreatedAt, DateTimeOffset? TakenAt, DateTimeOffset FinishedAt, int Attempts, Usage? Usage);

/// <summary>One transition; <see cref="Seq"/> is the version it led to.</summary>
public sealed record TimelineEntry(int Seq, DateTimeOffset Time, Status Status, Phase Phase, int Attempt, string Cause, string By, string? Detail);
