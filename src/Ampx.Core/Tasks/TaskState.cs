using System.Collections.Immutable;
using Ampx.Core.Ci;

namespace Ampx.Core.Tasks;

/// <summary>
/// Everything that is known of a task. Stored as JSON (<see cref="AmpxJson"/>); the database derives index, timeline and attempts
/// from that JSON in the same commit, so each stored version carries its own <see cref="Last"/> transition.
/// </summary>
[GenerateSerializer, Immutable, Alias("ampx.task-state.v1")]
public sealed record TaskState
{
    [Id(0)] public int SchemaVersion { get; init; } = 1;

    /// <summary>ULID, 26 characters, upper case.</summary>
    [Id(1)] public required string Id { get; init; }
    [Id(2)] public required string Owner { get; init; }

    /// <summary>As the user gave it.</summary>
    [Id(3)] public required string Repo { get; init; }
    [Id(4)] public ForgeKind Forge { get; init; }

    /// <summary>Null until the first preparing has asked the remote for its default branch.</summary>
    [Id(5)] public string? Base { get; init; }
    [Id(6)] public required string Branch { get; init; }
    [Id(7)] public required string Agent { get; init; }
    [Id(8)] public string? ThreadId { get; init; }

    /// <summary>The people's latest instruction.</summary>
    [Id(9)] public required string Prompt { get; init; }
    [Id(10)] public ImmutableArray<string> PendingInstructions { get; init; } = [];
    [Id(11)] public Status Status { get; init; }
    [Id(12)] public Phase Phase { get; init; }

    /// <summary>Agent runs on the current instruction that count.</summary>
    [Id(13)] public int Attempts { get; init; }
    [Id(14)] public int MaxAttempts { get; init; }
    [Id(15)] public string? HeadSha { get; init; }
    [Id(16)] public long? CiRunId { get; init; }
    [Id(17)] public string? CiUrl { get; init; }
    [Id(18)] public PullRequest? PullRequest { get; init; }
    [Id(19)] public string? CompareUrl { get; init; }
    [Id(20)] public string Summary { get; init; } = "";
    [Id(21)] public TaskError? Error { get; init; }
    [Id(22)] public Usage? Usage { get; init; }
    [Id(23)] public DateTimeOffset? NextWakeAt { get; init; }

    /// <summary>Grows by one with every change.</summary>
    [Id(24)] public int Version { get; init; }

    /// <summary>Grows whenever a phase is entered: the token that an effect reports with. News with an older one comes from a run that is over.</summary>
    [Id(25)] public int Step { get; init; }
    [Id(26)] public DateTimeOffset CreatedAt { get; init; }
    [Id(27)] public DateTimeOffset UpdatedAt { get; init; }
    [Id(28)] public DateTimeOffset? FinishedAt { get; init; }

    // What the user asked for beside the prompt.

    /// <summary>CI command of a plain git repository; null = <c>ci:</c> of its <c>.ampx.yml</c>.</summary>
    [Id(29)] public string? CiCommand { get; init; }
    [Id(30)] public long? MaxTokens { get; init; }
    [Id(31)] public TimeSpan? MaxTime { get; init; }
    [Id(32)] public bool Draft { get; init; }

    // What only the machine itself needs.

    /// <summary>The worker's hold on this task; null while no worker is at it.</summary>
    [Id(33)] public RunClaim? Run { get; init; }

    /// <summary>The run that is claimed next belongs to an attempt that has been counted already.</summary>
    [Id(34)] public bool RunCounted { get; init; }

    /// <summary>What the task's branch is at the remote as last seen; null = not there.</summary>
    [Id(35)] public string? RemoteSha { get; init; }
    [Id(36)] public string? BaseSha { get; init; }

    /// <summary>The commit that the current run began from.</summary>
    [Id(37)] public string? StartSha { get; init; }

    /// <summary>A commit that the server refused for its content; the next run gets its changes uncommitted.</summary>
    [Id(38)] public string? RejectedSha { get; init; }

    /// <summary>Failures of the current step in a row; 0 again when it succeeds.</summary>
    [Id(39)] public int StepFailures { get; init; }
    [Id(40)] public int WorkersLost { get; init; }
    [Id(41)] public bool ToldNoChanges { get; init; }

    /// <summary>The phase that a backing-off task returns to.</summary>
    [Id(42)] public Phase? Resume { get; init; }

    /// <summary>How the task ends once the phase under way is over: set while stopping, or while a draft is opened for a task that needs review.</summary>
    [Id(43)] public Ending? Ending { get; init; }

    /// <summary>When CI last got something new to judge: pushed, opened or marked ready.</summary>
    [Id(44)] public DateTimeOffset? CiSince { get; init; }

    /// <summary>What the next (or current) run is told of the last one, to the letter.</summary>
    [Id(45)] public string? Feedback { get; init; }

    /// <summary>The attempt under way or last ended; the database keeps one row per number.</summary>
    [Id(46)] public Attempt? Attempt { get; init; }

    /// <summary>A line per ended attempt on this instruction, oldest first: what was tried and what became of it.</summary>
    [Id(47)] public ImmutableArray<string> Tried { get; init; } = [];
    /// <summary>The order under way, or that the armed auto-merge goes by.</summary>
    [Id(48)] public MergeOrder? Merge { get; init; }

    /// <summary>Why the last merge was refused; for the caller who waits for it.</summary>
    [Id(49)] public TaskError? MergeRefusal { get; init; }

    /// <summary>A continue came while stopping: go on with the pending instructions after it.</summary>
    [Id(50)] public bool ContinueAfterStop { get; init; }

    /// <summary>Time from preparing to verdicts so far; neither queue nor ended time.</summary>
    [Id(51)] public TimeSpan TimeSpent { get; init; }
    [Id(52)] public Transition Last { get; init; } = new("created", "system", null);

    /// <summary>The forge's issue that the task is about; its text becomes part of the prompt when the first workspace is prepared.</summary>
    [Id(53)] public int? Issue { get; init; }

    /// <summary>Null until the issue has been read.</summary>
    [Id(54)] public string? IssueTitle { get; init; }

    /// <summary>Green is merged without being asked again.</summary>
    [Id(55)] public bool AutoMergeWanted { get; init; }

    /// <summary>How long the armed auto-merge is watched.</summary>
    [Id(56)] public DateTimeOffset? ArmedUntil { get; init; }

    /// <summary>The last commit made for <c>refs/ampx/ID</c> at the remote, where work is safe that the branch doesn't have yet; null = nothing is there.</summary>
    [Id(57)] public string? Checkpoint { get; init; }

    /// <summary>The run under way, or the last one, began with work of an earlier one in its checkout, not yet committed.</summary>
    [Id(58)] public bool Restored { get; init; }

    /// <summary>Who held the last agent run: its machine may have the task's tree.</summary>
    [Id(60)] public string? LastWorker { get; init; }

    /// <summary>What the guards found in the change, from the base to the commit that was pushed last.</summary>
    [Id(61)] public ImmutableArray<GuardFinding> Guarded { get; init; } = [];

    /// <summary>The marks of findings that a person has taken.</summary>
    [Id(62)] public ImmutableArray<string> Overruled { get; init; } = [];

    /// <summary>The last commit that CI found green.</summary>
    [Id(63)] public string? GreenSha { get; init; }

    /// <summary>The request that gave the current instruction, as W3C's <c>traceparent</c>: what is done for it belongs to that trace. Null: nobody traced it.</summary>
    [Id(70)] public string? Trace { get; init; }

    /// <summary>When the phase was entered.</summary>
    [Id(71)] public DateTimeOffset EnteredAt { get; init; }

    /// <summary>The task has ended; only a person moves it again.</summary>
    [System.Text.Json.Serialization.JsonIgnore] public bool Ended => Phase is Phase.Done;

    /// <summary>A commit is made that isn't at the remote yet.</summary>
    [System.Text.Json.Serialization.JsonIgnore] public bool Unpublished => HeadSha is not null && HeadSha != RemoteSha;
}

/// <summary>Which worker holds the task, and for what.</summary>
[GenerateSerializer, Immutable, Alias("ampx.run-claim.v1")]
public sealed record RunClaim(string RunId, string WorkerId, RunKind Kind);

/// <summary>What a slot of a worker is used for.</summary>
public enum RunKind
{
    /// <summary>Workspace, agent and push.</summary>
    Agent,

    /// <summary>The CI command of a plain git repository.</summary>
    Ci,
}

/// <summary>A pull request as the forge has it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.pull-request.v1")]
public sealed record PullRequest(int Number, string Url, PullRequestState State, bool AutoMerge = false);

/// <summary>The states of a pull request.</summary>
public enum PullRequestState { Draft, Open, Merged, Closed }

/// <summary>Why a task ended without success: a code of <see cref="ErrorCodes"/> and words for people.</summary>
[GenerateSerializer, Immutable, Alias("ampx.task-error.v1")]
public sealed record TaskError(string Code, string Detail);

/// <summary>How a task will end.</summary>
[GenerateSerializer, Immutable, Alias("ampx.ending.v1")]
public sealed record Ending(Status Status, TaskError? Error);

/// <summary>Tokens and money as the agent reports them, summed over messages and runs; <see cref="InputTokens"/> includes cached ones.</summary>
[GenerateSerializer, Immutable, Alias("ampx.usage.v1")]
public sealed record Usage(long InputTokens, long CachedInputTokens, long OutputTokens, decimal? CostUsd = null)
{
    /// <summary>The sum; null stands for nothing reported.</summary>
    public static Usage? Sum(Usage? a, Usage? b) => (a, b) switch
    {
        (null, _) => b,
        (_, null) => a,
        _ => new Usage(a.InputTokens + b.InputTokens, a.CachedInputTokens + b.CachedInputTokens, a.OutputTokens + b.OutputTokens,
            a.CostUsd is null && b.CostUsd is null ? null : (a.CostUsd ?? 0) + (b.CostUsd ?? 0)),
    };
}

/// <summary>One agent run that counts, with what CI said of it.</summary>
[GenerateSerializer, Immutable, Alias("ampx.attempt.v1")]
public sealed record Attempt
{
    /// <summary>1, 2, … over the task's whole life.</summary>
    [Id(0)] public int Number { get; init; }
    [Id(1)] public required string Instruction { get; init; }
    [Id(2)] public DateTimeOffset StartedAt { get; init; }
    [Id(3)] public DateTimeOffset? FinishedAt { get; init; }

    /// <summary><c>running</c>, <c>committed</c>, <c>pushed</c>, <c>green</c>, <c>red</c>, <c>aborted</c> or an error code.</summary>
    [Id(4)] public string Outcome { get; init; } = "running";
    [Id(5)] public string? HeadSha { get; init; }
    [Id(6)] public Usage? Usage { get; init; }

    /// <summary>What the agent was told of the run before, to the letter; null on a first run.</summary>
    [Id(7)] public string? Feedback { get; init; }

    /// <summary>What the agent said at its end.</summary>
    [Id(8)] public string? Said { get; init; }
    [Id(9)] public CiReport? Ci { get; init; }
}

/// <summary>What changed the task last: the event's name, who caused it (a user, <c>agent</c>, <c>ci</c> or <c>system</c>), and words.</summary>
[GenerateSerializer, Immutable, Alias("ampx.transition.v1")]
public sealed record Transition(string Cause, string By, string? Detail);

/// <summary>How a person wants the task merged. <see cref="Auto"/>: by the forge, once its rules allow it; <see cref="Disarm"/>: not that any more.</summary>
[GenerateSerializer, Immutable, Alias("ampx.merge-order.v1")]
public sealed record MergeOrder(MergeMethod Method = MergeMethod.Squash, bool DeleteBranch = false, bool Auto = false, bool Force = false, bool Disarm = false);

/// <summary>GitHub's three ways to merge.</summary>
public enum MergeMethod { Squash, Merge, Rebase }
