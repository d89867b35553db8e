using System.Globalization;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Ampx.Gateway;


/// <summary>A task's <c>ETag</c> is its version in quotes.</summary>
internal static class EntityTags
{
    public static string Of(TaskState task) => $"\"{task.Version.ToString(CultureInfo.InvariantCulture)}\"";

    /// <summary><c>If-None-Match</c> names the version that the task still has.</summary>
    public static bool SeenAlready(HttpRequest request, TaskState task) =>
        EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var tags)
        && tags.Any(tag => tag.Tag == "*" || tag.Compare(new(Of(task)), useStrongComparison: false));

    /// <summary>The version that <c>If-Match</c> asks for; null if any will do.</summary>
    /// <exception cref="RefusedException">412 if the task has another already.</exception>
    public static int? Expected(HttpRequest request, TaskState task)
    {
        if (request.Headers.IfMatch.Count == 0) return null;
        if (!EntityTagHeaderValue.TryParseList(request.Headers.IfMatch, out var tags))
            throw RefusedException.BadRequest("If-Match must be an ETag as GET gives it, such as \"7\" with its quotes");
        if (tags.Any(tag => tag.Tag == "*")) return null;
        if (tags.Any(tag => tag.Compare(new(Of(task)), useStrongComparison: true))) return task.Version;
        throw new RefusedException(412, ErrorCodes.PreconditionFailed, $"task {task.Id} has version {task.Version} by now, not {request.Headers.IfMatch}: look at it again");
    }
}
