using System.Collections.Immutable;
using System.Globalization;

namespace Ampx.Core.Ci;

/// <summary>What a listing asks for: the runs of one commit, or all since a time.</summary>
public sealed record CiScope(string? Sha, DateTimeOffset? Since);

/// <summary>A workflow run as a listing shows it: enough to see that a commit moved, not enough for a verdict.</summary>
public sealed record ListedRun(long Id, long WorkflowId, string Event, string HeadSha, string Status, string? Conclusion, int RunAttempt, DateTimeOffset CreatedAt, string? Url)
{
    /// <summary>It has ended.</summary>
    public bool Completed => Status is "completed" && Conclusion is not null;
}

/// <summary>One page, with the tag that asks for it again at no cost while nothing in it has changed.</summary>
/// <param name="Total">How many runs the whole listing has.</param>
public sealed record CiPage(string? ETag, int Total, ImmutableArray<ListedRun> Runs);

/// <summary>The runs of a repository as they were listed last, page by page, newest first.</summary>
public sealed class CiListing
{
    private readonly ILookup<string, ListedRun> bySha;

    /// <summary>As the pages came.</summary>
    public CiListing(CiScope scope, ImmutableArray<CiPage> pages)
    {
        (Scope, Pages) = (scope, pages);
        // What moved to the next page while it was read is there twice.
        var runs = pages.SelectMany(page => page.Runs).DistinctBy(run => run.Id).ToList();
        bySha = runs.OrderBy(run => run.Id).ToLookup(run => run.HeadSha, StringComparer.Ordinal);
        Horizon = runs.Count > 0 && runs.Count < pages[^1].Total ? runs.Min(run => run.CreatedAt) : null;
    }

    /// <summary>What was asked for.</summary>
    public CiScope Scope { get; }

    /// <summary>For the next time.</summary>
    public ImmutableArray<CiPage> Pages { get; }

    /// <summary>Runs made before it may be missing: there are more than the forge lists. Null if all are here.</summary>
    public DateTimeOffset? Horizon { get; }

    /// <summary>The state of <paramref name="sha"/>'s runs in one word, which is another when a run came, moved, or began another attempt; empty without a run.</summary>
    public string Mark(string sha) =>
        string.Join(' ', bySha[sha].Select(run => string.Create(CultureInfo.InvariantCulture, $"{run.Id}.{run.RunAttempt}:{run.Status}:{run.Conclusion}")));

    /// <summary>A run that has not ended, of those that a verdict would go by (as <see cref="CiVerdict"/> takes them: the latest of each workflow and event); null if there is none.</summary>
    public ListedRun? AtWork(string sha) => Judged(sha).FirstOrDefault(run => !run.Completed);

    /// <summary>The runs that a verdict on <paramref name="sha"/> would go by, oldest first.</summary>
    public IEnumerable<ListedRun> Judged(string sha) => bySha[sha]
        .GroupBy(run => (run.WorkflowId, run.Event))
        .Select(same => same.MaxBy(run => (run.Conclusion is not "skipped", run.CreatedAt, run.Id))!)
        .OrderBy(run => (run.CreatedAt, run.Id));
}
