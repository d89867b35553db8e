namespace Ampx.FakeGitHub.Workflows;

/// <summary>A step of a scripted job.</summary>
public sealed record StepSpec(string Name, string? Conclusion = null, string? Status = null);

/// <summary>A job of a scripted run.</summary>
public sealed record JobSpec
{
    /// <summary>As shown.</summary>
    public string Name { get; init; } = "test";

    /// <summary>The run's if not given.</summary>
    public string? Status { get; init; }

    /// <summary>The run's if not given.</summary>
    public string? Conclusion { get; init; }

    /// <summary>Its steps; null makes set-up, one <c>Run tests</c> with the job's conclusion, and completion. An empty list: it never got a runner.</summary>
    public IReadOnlyList<StepSpec>? Steps { get; init; }

    /// <summary>Its output; lines without a time get one. Null: there is none, the answer is 404.</summary>
    public string? Log { get; init; }

    /// <summary>The log answers 410.</summary>
    public bool LogExpired { get; init; }

    /// <summary>Why it ended, as GitHub puts beside it, e.g. <c>The run was canceled by @octocat.</c></summary>
    public IReadOnlyList<string> Annotations { get; init; } = [];
}

/// <summary>A run that says what the test wants instead of running anything. In an update, what is null stays.</summary>
public sealed record RunSpec
{
    /// <summary>The workflow's name.</summary>
    public string? Name { get; init; }

    /// <summary>The workflow's file.</summary>
    public string? Path { get; init; }

    /// <summary><c>push</c> if not given.</summary>
    public string? Event { get; init; }

    /// <summary>For a pull request the one action that it appears on, e.g. <c>ready_for_review</c>; GitHub's default ones if not given.</summary>
    public string? Action { get; init; }

    /// <summary><c>completed</c> if there is a conclusion, else <c>queued</c>.</summary>
    public string? Status { get; init; }

    /// <summary>How it ended.</summary>
    public string? Conclusion { get; init; }

    /// <summary>1 if not given.</summary>
    public int? RunAttempt { get; init; }

    /// <summary>Its jobs; null makes one called <c>test</c>.</summary>
    public IReadOnlyList<JobSpec>? Jobs { get; init; }

    /// <summary>What reruns become, in order; with none left a rerun stays queued until the test says more.</summary>
    public IReadOnlyList<RunSpec>? Reruns { get; init; }
}

/// <summary>Runs that appear when something is pushed, in the place of the repository's own workflows.</summary>
public sealed record RunScript
{
    /// <summary>Only for this commit; null is any.</summary>
    public string? Sha { get; init; }

    /// <summary>Only for branches that match this pattern (<c>*</c> is anything); null is any.</summary>
    public string? Branch { get; init; }

    /// <summary>Pushes that it answers; the next script in line comes after it. Null: all of them.</summary>
    public int? Times { get; set; } = 1;

    /// <summary>The runs. Those of event <c>pull_request</c> appear when there is a pull request. None: no CI starts.</summary>
    public IReadOnlyList<RunSpec> Runs { get; init; } = [];

    /// <summary>The commits that it has answered: later events on them are its own too.</summary>
    internal HashSet<string> Taken { get; } = [];
}
