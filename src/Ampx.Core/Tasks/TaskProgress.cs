namespace Ampx.Core.Tasks;

/// <summary>How far a piece of a task's work is whose end is known. It is never stored, and nobody misses it after a crash.</summary>
/// <param name="Unit">What is counted: <c>objects</c>, then <c>deltas</c> of a clone; <c>jobs</c> of CI.</param>
[GenerateSerializer, Immutable, Alias("ampx.task-progress.v1")]
public sealed record TaskProgress(string Unit, long Done, long Total);
