namespace Ampx.Core.Api;

/// <summary>Clears up after tasks that were removed: their logs, and what machines and remotes still keep of them; key 0.</summary>
[Alias("ampx.removed-tasks")]
public interface IRemovedTasksGrain : IGrainWithIntegerKey
{
    /// <summary>Clears up after one of them. What can't be reached now is tried again later, without being asked.</summary>
    [Alias("Clear"), ResponseTimeout("00:02:00")]
    Task Clear(string taskId);

    /// <summary>Begins to clear up after all of them, unless that is under way; doesn't wait for its end.</summary>
    [Alias("Sweep")]
    Task Sweep();
}
