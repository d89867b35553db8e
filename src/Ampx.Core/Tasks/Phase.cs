namespace Ampx.Core.Tasks;

/// <summary>Where a task stands, in one word for people and scripts.</summary>
public enum Status
{
    /// <summary>No run has begun on the current instruction.</summary>
    Queued,

    /// <summary>The first run on the current instruction is under way.</summary>
    Running,

    /// <summary>A later run, or a step that waits before another try.</summary>
    Retrying,

    /// <summary>Ended: a person has to look.</summary>
    NeedsReview,

    /// <summary>Ended: CI is green on the commit.</summary>
    Success,

    /// <summary>Ended: somebody stopped it.</summary>
    Aborted,

    /// <summary>Ended: another try would fail the same way.</summary>
    Error,
}

/// <summary>What a task does or waits for right now. <see cref="TaskMachine"/> has the ways between them.</summary>
public enum Phase
{
    /// <summary>In: created, retried, continued. Out: a worker claims the run.</summary>
    WaitingForWorker,

    /// <summary>In: claimed. Out: the workspace stands.</summary>
    Preparing,

    /// <summary>In: prepared. Out: the agent has ended and its commit is made, or it failed.</summary>
    Agent,

    /// <summary>In: a commit is made. Out: it is at the remote, or was refused there.</summary>
    Publishing,

    /// <summary>In: pushed, or a pull request was opened. Out: CI's verdict.</summary>
    WaitingForCi,

    /// <summary>In: CI was red. Out: what the next run will be told.</summary>
    CollectingFeedback,

    /// <summary>In: a step or run failed for a passing cause. Out: its time has come.</summary>
    BackingOff,

    /// <summary>In: CI was green, or must see a pull request first. Out: the pull request is there.</summary>
    OpeningPr,

    /// <summary>In: a person asked for it. Out: merged or refused.</summary>
    Merging,

    /// <summary>In: abort. Out: nothing of the run is alive any more.</summary>
    Stopping,

    /// <summary>In: every end. Out: continue or merge.</summary>
    Done,
}

/// <summary>Which kind of host a repository lives on.</summary>
public enum ForgeKind
{
    /// <summary>github.com or the configured Enterprise server.</summary>
    GitHub,

    /// <summary>A plain git remote, a local path for example: CI is a command, a pull request is the branch itself.</summary>
    Git,
}
