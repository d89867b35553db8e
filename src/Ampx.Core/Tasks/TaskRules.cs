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

    /// <summary>When a task is looked at again although nobody has reported: every hint can get lost.</summary>
    public TimeSpan SafetyLook { get; init; } = TimeSpan.FromMinutes(2);
}
