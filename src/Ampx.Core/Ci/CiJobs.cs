using System.Collections.Immutable;

namespace Ampx.Core.Ci;

/// <summary>The jobs of a commit's runs, as they were counted last. A job that waits for another may not be there before that has ended.</summary>
public sealed record CiJobs(ImmutableArray<RunJobs> Runs)
{
    /// <summary>Jobs that have ended, however.</summary>
    public int Done => Runs.Sum(run => run.Pages.Sum(page => page.Done));

    /// <summary>Jobs that are known.</summary>
    public int Total => Runs.Sum(run => run.Pages.Length > 0 ? run.Pages[^1].Total : 0);

    /// <summary>What is known of that attempt of the run.</summary>
    public RunJobs? Of(ListedRun run) => Runs.FirstOrDefault(known => known.Run == run.Id && known.Attempt == run.RunAttempt);
}

/// <summary>The jobs of one run; once it has ended they change no more.</summary>
public sealed record RunJobs(long Run, int Attempt, bool Ended, ImmutableArray<JobPage> Pages);

/// <summary>One page, with the tag that asks for it again at no cost.</summary>
/// <param name="Total">How many jobs the whole listing has.</param>
public sealed record JobPage(string? ETag, int Total, int Count, int Done);
