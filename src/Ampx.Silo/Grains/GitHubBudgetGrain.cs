using Ampx.Silo.Forges.GitHub.Budgets;

namespace Ampx.Silo.Grains;

/// <summary>In memory: a new one learns from the first answer what is left.</summary>
public sealed class GitHubBudgetGrain(TimeProvider clock) : Grain, IGitHubBudgetGrain
{
    /// <summary>Permits of an activation that is gone must not be taken for this one's.</summary>
    private readonly CallBudget budget = new(clock.GetUtcNow().Ticks);

    public Task<CallPermit> Ask(ApiCall call, TimeSpan patience) => Task.FromResult(budget.Ask(call, patience, clock.GetUtcNow()));

    public Task Report(long permit, CallReport report)
    {
        budget.Report(permit, report, clock.GetUtcNow());
        return Task.CompletedTask;
    }
}
