using Ampx.Core.Tasks;

namespace Ampx.Core.Api;

/// <summary>What the gateway asks of the service's machines, beside grains, index and logs.</summary>
public interface IServiceFacts
{
    /// <summary>Why a new task is refused before the network is asked: repository syntax, agent profile, agent missing or not signed in, no credential.</summary>
    /// <returns>The order, ready for the task's grain, or the refusal.</returns>
    Task<(NewTask? Order, Refusal? Refusal)> Check(StartTask request, string owner, CancellationToken cancel);

    /// <summary>Asks the forge, not for long, whether an ended task's branch still takes work: a person may have deleted or merged it.</summary>
    /// <returns>Why it doesn't; null if it does, or the forge can't say.</returns>
    Task<Refusal?> WhyBranchGone(TaskState task, CancellationToken cancel);

    /// <summary>The task's change against its base as a unified diff; empty before the first commit.</summary>
    Task<string> Diff(TaskState task, CancellationToken cancel);
}
