namespace Ampx.Core.Tasks;

/// <summary>The settings that decide transitions, handed to <see cref="TaskMachine"/> as values.</summary>
public sealed record TaskRules
{
    /// <summary>Tries of a step without an agent before a person is asked.</summary>
    public int StepAttempts { get; init; } = 8;
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromSeconds(5);
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Lost workers an instruction survives.</summary>
    public int WorkersLost { get; init; } = 3;

    /// <summary>A pushed branch that needs review gets a draft pull request.</summary>
    public bool PullRequestOnNeedsReview { get; init; } = true;

    /// <summary>How long the first workflow may take to appear: a task that waits for the forge's CI is looked at then, whoever else forgot to.</summary>
    public TimeSpan CiStartTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long CI may take, from the push on; looked at then once it has begun.</summary>
    public TimeSpan CiTimeout { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long an armed auto-merge is watched.</summary>
    public TimeSpan AutoMergeWatch { get; init; } = TimeSpan.FromDays(7);

    /// <summary>When a task is looked at again although nobody has reported: every hint can get lost.</summary>
    public TimeSpan SafetyLook { get; init; } = TimeSpan.FromMinutes(2);
}
