using System.Diagnostics.CodeAnalysis;
using Ampx.Core.Tasks;

namespace Ampx.Core.Secrecy;

/// <summary>What programs, forges and exceptions have said enters a task, its timeline and later prompts here: without secrets. What people order loses only those that the service
/// knows to be its own: whoever writes of a key may mean an example.</summary>
public static class EventRedaction
{
    /// <summary><paramref name="order"/> without the service's own secrets.</summary>
    public static NewTask Masked(this NewTask order, Redactor redactor)
    {
        ArgumentNullException.ThrowIfNull(redactor);
        return order with { Prompt = redactor.Now.MaskKnown(order.Prompt) };
    }

    /// <summary><paramref name="news"/> with its words masked.</summary>
    public static TaskEvent Masked(this TaskEvent news, Redactor redactor)
    {
        ArgumentNullException.ThrowIfNull(redactor);
        return news switch
        {
            ContinueRequested { Prompt: { } prompt } more => more with { Prompt = redactor.Now.MaskKnown(prompt) },
            Prepared { Issue: { } issue } tree => tree with { Issue = new(Mask(issue.Title), Mask(issue.Text)) },
            AgentCommitted said => said with { Said = Mask(said.Said) },
            AgentChangedNothing said => said with { Said = Mask(said.Said) },
            AgentFailed failed => failed with { Detail = Mask(failed.Detail) },
            Pushed { Guards: { } guards } pushed => pushed with { Guards = new([.. guards.Findings.Select(found => found with { Path = Mask(found.Path) })]) },
            PushRefused refused => refused with { Detail = Mask(refused.Detail) },
            WorkLost lost => lost with { Detail = Mask(lost.Detail) },
            CiCommandEnded ended => ended with { Detail = Mask(ended.Detail) },
            WorkerLost lost => lost with { Detail = Mask(lost.Detail) },
            CiBlocked blocked => blocked with { Detail = Mask(blocked.Detail) },
            FeedbackCollected told => told with { Text = Mask(told.Text), Cause = Mask(told.Cause) },
            MergeRefused refused => refused with { Detail = Mask(refused.Detail) },
            RateLimited limited => limited with { Detail = Mask(limited.Detail) },
            StepFailed failed => failed with { Detail = Mask(failed.Detail) },
            _ => news,
        };

        [return: NotNullIfNotNull(nameof(text))]
        string? Mask(string? text) => redactor.Mask(text);
    }
}
