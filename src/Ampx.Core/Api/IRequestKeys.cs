namespace Ampx.Core.Api;

/// <summary>Remembers for a day which task a client's <c>Idempotency-Key</c> stands for. Keys of different owners are different keys.</summary>
public interface IRequestKeys
{
    /// <summary>What the key stands for; null if it is new, or older than a day.</summary>
    Task<RequestKey?> Find(string owner, string key, CancellationToken cancel);

    /// <summary>Makes the key stand for <paramref name="use"/> unless it stands for something already; durable when it completes, before the task itself is made.</summary>
    /// <returns>What the key stands for now.</returns>
    Task<RequestKey> Keep(string owner, string key, RequestKey use, CancellationToken cancel);
}

/// <summary>What a key stands for.</summary>
/// <param name="BodyHash">Of the request that came with it first.</param>
/// <param name="TaskId">The task that this request is about: made by now, or still to be made.</param>
/// <param name="Removed">The task was there and has been removed.</param>
public sealed record RequestKey(string BodyHash, string TaskId, bool Removed = false);
