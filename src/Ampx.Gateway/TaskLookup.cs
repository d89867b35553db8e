using Ampx.Core.Tasks;

namespace Ampx.Gateway;

/// <summary>From what a person writes as a task's id to the task.</summary>
internal sealed class TaskLookup(ITaskIndex index, IGrainFactory grains)
{
    private const int IdLength = 26;

    /// <summary>The whole id that <paramref name="part"/> means, in any case.</summary>
    /// <exception cref="RefusedException">404, or 409 <c>ambiguous_id</c> with the candidates.</exception>
    public async Task<string> Id(string part, CancellationToken cancel)
    {
        var possible = part.Length is > 0 and <= IdLength && part.All(char.IsAsciiLetterOrDigit);
        var ids = possible ? await index.Resolve(part.ToUpperInvariant(), cancel) : [];
        return ids.Count switch
        {
            1 => ids[0],
            0 => throw NoTask(part),
            _ => throw new RefusedException(409, "ambiguous_id", $"'{part}' fits {ids.Count} tasks or more: write more of the id") { Candidates = ids },
        };
    }

    /// <summary>The task that <paramref name="part"/> of an id means.</summary>
    public async Task<TaskState> Find(string part, CancellationToken cancel)
    {
        var id = await Id(part, cancel);
        return await Grain(id).Find() ?? throw NoTask(part);
    }

    /// <summary>The grain of a whole id.</summary>
    public ITaskGrain Grain(string id) => grains.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(id));

    private static RefusedException NoTask(string part) =>
        RefusedException.NotFound($"there is no task '{(part.Length > IdLength ? $"{part[..IdLength]}…" : part)}': give its id, at least the last 4 characters of it, or its beginning");
}
