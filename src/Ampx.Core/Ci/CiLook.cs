using Ampx.Core.Tasks;

namespace Ampx.Core.Ci;

/// <summary>What one look at a commit's CI came to.</summary>
/// <param name="News">To be told to the task; null if there is none.</param>
/// <param name="LookAgain">When the verdict changes by itself, for a time has run out; null if only CI can change it.</param>
public sealed record CiLook(TaskEvent? News, DateTimeOffset? LookAgain);
