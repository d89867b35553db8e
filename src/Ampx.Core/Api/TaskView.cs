using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Ampx.Core.Tasks;

namespace Ampx.Core.Api;

/// <summary>A task as REST, CLI and web board show it.</summary>
/// <param name="QueuePosition">Its place among those that wait for a slot, 1 is next; null when it doesn't wait or the queue gave no answer. It moves without a new version.</param>
public sealed record TaskView(
    string Id, string Owner, string Repo, string? Base, string Branch, string Agent, string? ThreadId,
    string Prompt, ImmutableArray<string> PendingInstructions, Status Status, Phase Phase, int Attempts, int MaxAttempts,
    string? HeadSha, long? CiRunId, string? CiUrl, PullRequest? PullRequest, string? CompareUrl,
    string Summary, TaskError? Error, Usage? Usage, DateTimeOffset? NextWakeAt, int Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? FinishedAt, int? QueuePosition = null)
{
    /// <summary>How far a clone is, or CI; only told to those who follow the task by its id, and not there where nothing is known. It moves without a new version.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TaskProgress? Progress { get; init; }

    /// <summary>The part of the state that is for users.</summary>
    public static TaskView Of(TaskState task, int? queuePosition = null) => new(
        task.Id, task.Owner, task.Repo, task.Base, task.Branch, task.Agent, task.ThreadId,
        task.Prompt, task.PendingInstructions, task.Status, task.Phase, task.Attempts, task.MaxAttempts,
        task.HeadSha, task.CiRunId, task.CiUrl, task.PullRequest, task.CompareUrl,
        task.Summary, task.Error, task.Usage, task.NextWakeAt, task.Version,
        task.CreatedAt, task.UpdatedAt, task.FinishedAt, queuePosition);
}
