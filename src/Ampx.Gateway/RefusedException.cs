using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Http;

namespace Ampx.Gateway;

/// <summary>A request that can't be done, with everything its problem details say. <see cref="Problems"/> turns it into the answer.</summary>
internal sealed class RefusedException(int status, string code, string detail) : Exception(detail)
{
    public int Status => status;
    public string Code => code;
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }
    public IReadOnlyList<string>? Candidates { get; init; }

    public static RefusedException BadRequest(string detail) => new(StatusCodes.Status400BadRequest, "bad_request", detail);

    public static RefusedException NotFound(string detail) => new(StatusCodes.Status404NotFound, "not_found", detail);

    public static RefusedException MediaType(string detail) => new(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", detail);

    /// <summary>The caller's role isn't enough.</summary>
    public static RefusedException Role(Caller caller, Role least) => Forbidden(least is Core.Api.Role.Admin
        ? "this is for admins only"
        : $"this needs the role {AmpxJson.Word(least)}, and {caller.Name} has {AmpxJson.Word(caller.Role)}");

    public static RefusedException Forbidden(string why) => new(StatusCodes.Status403Forbidden, "forbidden", why);

    /// <summary>A new task that is refused at once.</summary>
    public static RefusedException NewTask(Refusal why) =>
        why.Code == "bad_request" ? BadRequest(why.Detail) : new(StatusCodes.Status422UnprocessableEntity, why.Code, why.Detail);

    /// <summary>An order that the task's state doesn't allow.</summary>
    public static RefusedException Order(Refusal why) => why.Code switch
    {
        ErrorCodes.PreconditionFailed => new(StatusCodes.Status412PreconditionFailed, why.Code, why.Detail),
        "not_found" => NotFound(why.Detail),
        _ => new(StatusCodes.Status409Conflict, why.Code, why.Detail),
    };
}
