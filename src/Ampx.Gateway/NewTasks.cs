using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway;

/// <summary>
/// Makes tasks, for one <c>Idempotency-Key</c> one: the key is stored with the id that its task has or will have, and only then is the task made.
/// Whoever comes again finds that id, and makes the task if the first one died before it could.
/// </summary>
internal sealed class NewTasks(IServiceFacts facts, TaskLookup tasks, IRequestKeys keys)
{
    public const string Header = "Idempotency-Key";
    private const int LongestKey = 255;

    /// <summary>Without what has its default, so that a field that a later version adds doesn't make another body of the same one.</summary>
    private static readonly JsonSerializerOptions Given = new(AmpxJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault };

    /// <summary>The request's key; null if it has none.</summary>
    /// <exception cref="RefusedException">400: it is none.</exception>
    public static string? KeyOf(HttpRequest request)
    {
        var header = request.Headers[Header];
        if (header.Count == 0) return null;
        var key = header.Count == 1 ? header.ToString().Trim() : "";
        return key.Length is > 0 and <= LongestKey && key.All(c => c is >= ' ' and <= '~')
            ? key
            : throw RefusedException.BadRequest($"{Header} must be given once: 1 to {LongestKey} visible ASCII characters, such as a UUID");
    }

    /// <summary>The task, durable, and whether this call is the one that named it.</summary>
    public async Task<(TaskState Task, bool IsNew)> Start(StartTask request, string owner, string? key, CancellationToken cancel)
    {
        if (key is null) return (await Make(await Order(request, owner, cancel)), true);
        var hash = HashOf(request);
        var known = await keys.Find(owner, key, cancel);
        if (known is not null)
        {
            Same(known, hash);
            // What was accepted once is not asked again whether it can be: an agent may have gone since.
            if (await tasks.Grain(known.TaskId).Find() is { } there) return (there, false);
        }

        var order = await Order(request, owner, cancel);
        var kept = Same(known ?? await keys.Keep(owner, key, new(hash, order.Id), cancel), hash);
        return (await Make(order with { Id = kept.TaskId }), kept.TaskId == order.Id);
    }

    private Task<TaskState> Make(NewTask order) => tasks.Grain(order.Id).Create(order);

    private async Task<NewTask> Order(StartTask request, string owner, CancellationToken cancel)
    {
        var (order, refusal) = await facts.Check(request, owner, cancel);
        return order is not null ? order with { Trace = Activity.Current?.Id } : throw RefusedException.NewTask(refusal!);
    }

    private static RequestKey Same(RequestKey known, string hash)
    {
        if (known.BodyHash != hash) throw new RefusedException(StatusCodes.Status422UnprocessableEntity, "idempotency_mismatch", $"this {Header} came with another body before: send that body again, or another key");
        if (known.Removed) throw new RefusedException(StatusCodes.Status409Conflict, "conflict", $"task {known.TaskId} of this {Header} has been removed: send another key for a new one");
        return known;
    }

    private static string HashOf(StartTask request) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, Given)));
}
