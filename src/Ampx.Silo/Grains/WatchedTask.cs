using Ampx.Core.Ci;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Grains;

/// <summary>What a watch remembers of one waiting task. Nothing of it is stored: all can be asked again.</summary>
internal sealed class WatchedTask
{
    /// <summary>The first wait before a full reading is repeated that a listing called for and that came to nothing: the forge's own answers may lag behind each other.</summary>
    private static readonly TimeSpan Lag = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestLag = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookLasts = TimeSpan.FromSeconds(30);
    private string? mark;
    private bool ended;
    private int fruitless;

    /// <param name="settle">After the pull request was opened or marked ready, a commit that has been judged before is read when this has passed.</param>
    public WatchedTask(TaskState task, TimeSpan settle)
    {
        (Id, Repo, Step, Sha, Since) = (task.Id, task.Repo, task.Step, task.HeadSha!, task.CiSince ?? task.UpdatedAt);
        var begun = task.Attempt?.StartedAt ?? task.CreatedAt;
        Oldest = begun < Since ? begun : Since;
        Shown = task.CiRunId is not null;
        if (task.Attempt?.Ci is not null) Due = Since + settle;
    }

    public string Id { get; }

    public string Repo { get; }

    public int Step { get; }

    public string Sha { get; }

    /// <summary>When CI last got something new to judge.</summary>
    public DateTimeOffset Since { get; }

    /// <summary>No run of this commit is older: the attempt that made it had begun. Opening a pull request moves <see cref="Since"/>, not this.</summary>
    public DateTimeOffset Oldest { get; }

    /// <summary>The task knows a run to point people at.</summary>
    public bool Shown { get; set; }

    /// <summary>Its own listing, where it was looked at alone.</summary>
    public CiListing? Own { get; set; }

    /// <summary>When a full reading is due.</summary>
    public DateTimeOffset Due { get; set; } = DateTimeOffset.MaxValue;

    public bool Reading { get; set; }

    /// <summary>Runs of its commit exist that the common listing didn't show: the forge's clock is far behind ours. It is listed alone.</summary>
    public bool Overlooked { get; private set; }

    /// <summary>Full readings in a row that failed.</summary>
    public int FailedReadings { get; set; }

    /// <summary>Listings in a row that failed.</summary>
    public int FailedListings { get; set; }

    /// <summary>Somebody watches, as of this time.</summary>
    public DateTimeOffset LookedAt { get; set; } = DateTimeOffset.MinValue;

    /// <summary>When its jobs are counted again, if somebody watches.</summary>
    public DateTimeOffset CountDue { get; set; } = DateTimeOffset.MinValue;

    public bool Counting { get; set; }

    /// <summary>Its jobs as they were counted last.</summary>
    public CiJobs? Jobs { get; set; }

    /// <summary>A delivery spoke of this commit and nobody has looked since.</summary>
    public bool Hinted { get; set; }

    /// <summary>A delivery spoke of this commit since it last moved.</summary>
    public bool Announced { get; set; }

    /// <summary>Somebody watches, and nobody is counting.</summary>
    public bool IsWatched(DateTimeOffset now) => !Counting && now - LookedAt < LookLasts;

    /// <summary>Takes in what is listed. A full reading is worth its calls once nothing of the commit is at work any more, or nothing is listed at all.</summary>
    /// <returns>The commit moved: true if a delivery had said so, false if none had; null: it didn't, or it was looked at for the first time.</returns>
    public bool? See(CiListing listing, DateTimeOffset now, TimeSpan timeout)
    {
        var (before, announced) = (mark, Announced);
        mark = listing.Mark(Sha);
        if (mark == before) return null;
        ended = listing.AtWork(Sha) is null;
        (fruitless, Announced) = (0, false);
        if (ended) Due = now;
        else if (before is null) Due = Earlier(Due, Since + timeout);
        return before is null ? null : announced;
    }

    /// <summary>A full reading came to no verdict.</summary>
    /// <param name="hasRuns">The commit has runs.</param>
    public void Undecided(DateTimeOffset? lookAgain, bool hasRuns, DateTimeOffset now)
    {
        Overlooked |= hasRuns && mark is "";
        var due = lookAgain ?? DateTimeOffset.MaxValue;
        if (ended && mark is not ("" or null) && due > now + LongestLag)
        {
            var wait = Lag * Math.Pow(2, Math.Min(fruitless++, 10));
            due = now + (wait < LongestLag ? wait : LongestLag);
        }

        // It may have moved while it was read.
        Due = Earlier(Due, due);
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
