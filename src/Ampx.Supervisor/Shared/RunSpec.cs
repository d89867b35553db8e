using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ampx.Runs;

/// <summary>What to run: <c>spec.json</c> in the run folder, written by the service, read by the supervisor. Times are seconds in the file.</summary>
public sealed record RunSpec
{
    public const long DefaultOutputLimit = 64L * 1024 * 1024;

    public required string RunId { get; set; }
    public required string TaskId { get; set; }
    public required int Step { get; set; }

    /// <summary><c>agent</c> or <c>ci</c>.</summary>
    public required string Kind { get; set; }

    /// <summary>A path, or a name that is looked up in the PATH of <see cref="Environment"/>.</summary>
    public required string Command { get; set; }
    public IReadOnlyList<string> Arguments { get; set; } = [];
    public required string WorkingDirectory { get; set; }

    /// <summary>The child's whole environment. The supervisor empties it in the file once the child runs: it may hold keys.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; set; } = new Dictionary<string, string>();

    public required TimeSpan Timeout { get; set; }

    /// <summary>The longest silence before the first output; with <see cref="ToolClock"/> before the first JSON line.</summary>
    public TimeSpan? StartTimeout { get; set; }

    /// <summary>The longest silence after it.</summary>
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>The output is Amp's JSON stream: silence doesn't count while a <c>tool_use</c> has no <c>tool_result</c>.</summary>
    public bool ToolClock { get; set; }

    /// <summary>The run ends when its lease does (<see cref="LeaseFile"/>): somebody else may have its task then.</summary>
    public bool Leased { get; set; }

    /// <summary>Bytes kept of each of stdout and stderr; what comes after is read and dropped.</summary>
    public long OutputLimit { get; set; } = DefaultOutputLimit;

    /// <summary>Null: it may take what there is.</summary>
    public RunLimits? Limits { get; set; }
}

/// <summary>What a run may take of its machine, all its processes together; null is without limit.</summary>
public sealed record RunLimits
{
    /// <summary>Bytes.</summary>
    public long? Memory { get; set; }

    /// <summary>Threads count too.</summary>
    public int? Processes { get; set; }

    /// <summary>Bytes that it may add to <see cref="Folders"/>.</summary>
    public long? Disk { get; set; }

    /// <summary>1.5 is one and a half of them.</summary>
    public double? Processors { get; set; }

    /// <summary>Where it may write.</summary>
    public IReadOnlyList<string> Folders { get; set; } = [];
}

/// <summary><c>run.json</c>: which processes the run is. A pid means something only together with its start time and the boot.</summary>
public sealed record RunInfo
{
    public required string RunId { get; set; }
    public required string TaskId { get; set; }
    public required int Step { get; set; }
    public required string BootId { get; set; }
    public required int Pid { get; set; }

    /// <summary>Clock ticks after boot, as in /proc/PID/stat.</summary>
    public required long PidStarted { get; set; }
    public int? AgentPid { get; set; }
    public long? AgentPidStarted { get; set; }
    public required DateTimeOffset StartedAt { get; set; }
}

/// <summary><c>exit</c>: how the run ended. It is there only when every process of the run is gone and the output is complete.</summary>
public sealed record RunExit
{
    /// <summary>The exit code, as a shell gives it: 128 + signal; 127 not found and 126 not executable with <see cref="RunReason.NotStarted"/>.</summary>
    public required int Code { get; set; }
    public int? Signal { get; set; }

    /// <summary>One of <see cref="RunReason"/>.</summary>
    public required string Reason { get; set; }
    public string? Detail { get; set; }
    public required DateTimeOffset EndedAt { get; set; }

    /// <summary>Bytes of output that were not kept: over the limit, or the disk was full.</summary>
    public long DroppedBytes { get; set; }
}

/// <summary>Why a run ended.</summary>
public static class RunReason
{
    public const string Exited = "exited";
    public const string Stopped = "stopped";
    public const string TimedOut = "agent_timeout";
    public const string Stalled = "agent_stalled";
    public const string NotStarted = "not_started";
    public const string LeaseEnded = "lease_ended";
    public const string OverLimit = "over_limit";
}

/// <summary>The names in a run folder.</summary>
public static class RunFiles
{
    public const string Spec = "spec.json", In = "in", Out = "out", Err = "err", Lock = "lock", Run = "run.json", Stop = "stop", Exit = "exit", Lease = "lease";

    /// <summary>Set in the environment of everything a run starts, so that its processes are found even if they left the family.</summary>
    public const string Variable = "AMPX_RUN_ID";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, Converters = [typeof(SecondsConverter)],
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunSpec))]
[JsonSerializable(typeof(RunInfo))]
[JsonSerializable(typeof(RunExit))]
internal sealed partial class RunJson : JsonSerializerContext;

internal sealed class SecondsConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => TimeSpan.FromSeconds(reader.GetDouble());

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteNumberValue(value.TotalSeconds);
}
