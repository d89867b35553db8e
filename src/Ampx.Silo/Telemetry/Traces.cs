using System.Diagnostics;
using Ampx.Core;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Telemetry;

/// <summary>
/// Spans of a task, in the trace of the request that gave its instruction. That is kept in the task's state, so one trace goes over silos, restarts and hours.
/// Names, ids and codes are all that they hold: no text that people, agents or CI wrote.
/// </summary>
internal static class Traces
{
    /// <summary>Its name in OpenTelemetry.</summary>
    public const string Name = "Ampx";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>Work on a task; null where nobody traces it.</summary>
    /// <param name="trace">The task's; a step of work within the same process finds its parent by itself.</param>
    public static Activity? Work(string name, string? trace, string taskId) =>
        ActivityContext.TryParse(trace, null, out var parent) ? Source.StartActivity(name, ActivityKind.Internal, parent)?.SetTag("ampx.task.id", taskId) : null;

    /// <summary>A part of what is traced already; null where nothing is.</summary>
    public static Activity? Part(string name, ActivityKind kind = ActivityKind.Internal) => Activity.Current?.Source.Name == Name ? Source.StartActivity(name, kind) : null;

    /// <summary>The phase that the task has left, from when it entered it.</summary>
    public static void Phase(TaskState before, TaskState after)
    {
        if (before.Step == after.Step || !ActivityContext.TryParse(before.Trace, null, out var parent)) return;
        using var span = Source.StartActivity($"phase {AmpxJson.Word(before.Phase)}", ActivityKind.Internal, parent, startTime: before.EnteredAt);
        span?.SetTag("ampx.task.id", before.Id).SetTag("ampx.attempt", before.Attempt?.Number).SetTag("ampx.cause", after.Last.Cause).SetEndTime(after.UpdatedAt.UtcDateTime);
        if (after.Error is { } error && before.Error != error) span?.SetStatus(ActivityStatusCode.Error, error.Code);
    }

    /// <summary>Says by what kind of failure the work ended.</summary>
    public static void Failed(this Activity? span, Exception failed) => span?.SetStatus(ActivityStatusCode.Error, failed.GetType().Name);
}
