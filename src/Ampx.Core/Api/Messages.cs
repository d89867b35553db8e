using System.Text.Json.Serialization;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;

namespace Ampx.Core.Api;

/// <summary>Body of <c>POST /tasks</c>: <see cref="Prompt"/>, <see cref="Issue"/> or both. Durations are <c>hh:mm:ss</c>.</summary>
[GenerateSerializer, Immutable, Alias("ampx.start-task.v1")]
public sealed record StartTask(
    string? Repo, string? Prompt, string? Base = null, string? Agent = null, int? MaxAttempts = null,
    long? MaxTokens = null, TimeSpan? MaxTime = null, string? Ci = null, bool Draft = false,
    int? Issue = null, bool AutoMerge = false);

/// <summary>Body of <c>PATCH /tasks/{id}</c>: <see cref="Action"/> is continue, abort or merge; the other fields belong to one of them.</summary>
public sealed record ChangeTask(
    string? Action, string? Prompt = null, int? MaxAttempts = null, long? MaxTokens = null, TimeSpan? MaxTime = null,
    MergeMethod? Method = null, bool DeleteBranch = false, bool Auto = false, bool Force = false);

/// <summary>Answer of <c>GET /tasks</c>.</summary>
public sealed record TaskList(IReadOnlyList<TaskView> Tasks, string? NextCursor);

/// <summary>Answer of <c>GET /tasks/{id}/timeline</c>.</summary>
public sealed record Timeline(IReadOnlyList<TimelineEntry> Entries);

/// <summary>Answer of <c>GET /tasks/{id}/attempts</c>.</summary>
public sealed record AttemptList(IReadOnlyList<Attempt> Attempts);

/// <summary>Answer of <c>GET /tasks/{id}/logs</c>; <see cref="NextAfter"/> is the last seq given, or the one asked after.</summary>
public sealed record LogPage(IReadOnlyList<LogEntry> Entries, long NextAfter);

/// <summary>Data of the event <c>end</c> of a log stream.</summary>
public sealed record StreamEnd(Status Status);

/// <summary>Answer of <c>GET /whoami</c>.</summary>
public sealed record Caller(string Name, Role Role);

/// <summary>Answer of <c>POST /signin-links</c>: a link that signs a browser in once, within 60 seconds.</summary>
public sealed record SignInLink(string Code, string Path);

/// <summary>Answer of <c>GET /version</c>.</summary>
public sealed record ServerVersion(string Version);

/// <summary>RFC 9457 problem details with Ampx' own members.</summary>
public sealed record Problem(
    string Type, string Title, int Status, string Detail, string Code,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TraceId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string[]>? Errors = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Candidates = null);
