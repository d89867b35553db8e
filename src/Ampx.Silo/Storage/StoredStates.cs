using System.Collections.Concurrent;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Storage;

/// <summary>Reads tasks' states as they are stored. One that this version can't read is left out, and told once: it takes nothing else with it (<c>ampx admin check</c> names it).</summary>
public sealed partial class StoredStates(ILogger<StoredStates> log)
{
    private readonly ConcurrentDictionary<string, bool> told = new();

    /// <summary>Null if it can't be read.</summary>
    internal TaskState? Read(string taskId, string body)
    {
        try
        {
            return Parse(body);
        }
        catch (JsonException unreadable)
        {
            if (told.TryAdd(taskId, true)) LogUnreadable(taskId, unreadable.Message);
            return null;
        }
    }

    /// <exception cref="JsonException">It isn't as this version writes it.</exception>
    internal static TaskState Parse(string body) => JsonSerializer.Deserialize<TaskState>(body, AmpxJson.Options) ?? throw new JsonException("null");

    [LoggerMessage(LogLevel.Error, "task {Task} can't be read by this version and is left out of lists: {Why}")]
    private partial void LogUnreadable(string task, string why);
}
