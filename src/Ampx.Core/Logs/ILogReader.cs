namespace Ampx.Core.Logs;

/// <summary>Reads a task's log.</summary>
public interface ILogReader
{
    /// <summary>Entries in order, after <see cref="LogQuery.After"/>.</summary>
    Task<IReadOnlyList<LogEntry>> Read(string taskId, LogQuery query, CancellationToken cancel);

    /// <summary>Completes when entries after <paramref name="after"/> may be there; waits for them as long as <paramref name="cancel"/> lets it.</summary>
    Task Changed(string taskId, long after, CancellationToken cancel);
}

/// <summary>One line. <see cref="Source"/> is agent, git, ci or system; <see cref="Stream"/> is out or err; <see cref="Seq"/> counts lines from 1.</summary>
public sealed record LogEntry(long Seq, DateTimeOffset Time, string Source, int Attempt, string Stream, string Text);

/// <summary>Which entries. <see cref="Tail"/> takes the last so many of those that match.</summary>
public sealed record LogQuery(long After = 0, int Limit = 1000, IReadOnlyList<string>? Sources = null, int? Attempt = null, int? Tail = null, DateTimeOffset? Since = null)
{
    /// <summary>No more entries once these have so many characters, so that a page's size is bounded; a page that isn't full says nothing then.</summary>
    public int? Characters { get; init; }
}
