using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Ampx.Runs;

namespace Ampx.Silo.Agents;

/// <summary>What kind of program an agent is: how it is called, and how its output reads.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<AgentKind>))]
public enum AgentKind
{
    /// <summary>The Amp CLI: threads, a JSON stream.</summary>
    Amp,

    /// <summary>Any program that takes the prompt on stdin and works in the current folder; success is exit 0.</summary>
    Command,
}

/// <summary>How an agent is kept from the rest of the machine.</summary>
public enum AgentSandbox
{
    /// <summary>It may do and read what the service's user may.</summary>
    None,

    /// <summary>Bubblewrap where it works, else none.</summary>
    Auto,

    /// <summary>Without it no run begins.</summary>
    Bubblewrap,
}

/// <summary>One profile: <c>Ampx:Agents:NAME</c>.</summary>
public sealed class AgentOptions : IValidatableObject
{
    public AgentKind Kind { get; set; } = AgentKind.Amp;

    /// <summary>A path, or a name in PATH. Kind amp: <c>amp</c> if not given.</summary>
    public string? Command { get; set; }

    /// <summary>Kind command: the arguments. Kind amp: more of them, after ours (<c>--mode high</c>, say).</summary>
    public IList<string> Arguments { get; set; } = [];

    /// <summary>Set in the agent's environment.</summary>
    public IDictionary<string, string> Environment { get; set; } = new Dictionary<string, string>();

    /// <summary>Names handed on from the service's environment; a <c>*</c> at the end stands for any ending.</summary>
    public IList<string> PassEnvironment { get; set; } = [];

    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Silence at the start that ends a run. Not given: one minute for kind amp, off for kind command. Zero is off.</summary>
    public TimeSpan? StartTimeout { get; set; }

    /// <summary>Silence later that ends a run. Not given: ten minutes for kind amp, off for kind command. Zero is off.</summary>
    public TimeSpan? IdleTimeout { get; set; }

    public AgentSandbox Sandbox { get; set; } = AgentSandbox.Auto;

    /// <summary>More paths that are shown in the sandbox; <c>~</c> is the service's home.</summary>
    public IList<string> SandboxReadOnly { get; set; } = [];

    /// <summary>More paths that may be written there.</summary>
    public IList<string> SandboxReadWrite { get; set; } = [];

    /// <summary>Off: the sandbox has no network, not even this machine's own.</summary>
    public bool Network { get; set; } = true;

    /// <summary>Memory of a run's processes together, such as <c>4 GiB</c>.</summary>
    [ByteSize]
    public string? MemoryLimit { get; set; }

    /// <summary>Its processes and threads.</summary>
    [Range(1, 1_000_000)]
    public int? ProcessLimit { get; set; }

    /// <summary>What it may add to its workspace, home and temporary files, such as <c>10 GiB</c>.</summary>
    [ByteSize]
    public string? DiskLimit { get; set; }

    /// <summary>Processors; 1.5 is one and a half of them.</summary>
    [Range(0.01, 1024)]
    public double? CpuLimit { get; set; }

    /// <summary>The command to start. Throws if kind command has none: validation at start lets nobody get that far.</summary>
    public string Program => Command ?? (Kind == AgentKind.Amp ? "amp" : throw new ValidationException("An agent of kind command needs a Command."));

    public TimeSpan? StartLimit => Limit(StartTimeout, TimeSpan.FromMinutes(1));
    public TimeSpan? IdleLimit => Limit(IdleTimeout, TimeSpan.FromMinutes(10));

    /// <summary>Null if there is none.</summary>
    public RunLimits? Limits => (MemoryLimit ?? DiskLimit ?? ProcessLimit as object ?? CpuLimit) is null ? null
        : new RunLimits { Memory = Parse(MemoryLimit), Processes = ProcessLimit, Disk = Parse(DiskLimit), Processors = CpuLimit };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Kind == AgentKind.Command && string.IsNullOrWhiteSpace(Command))
            yield return new ValidationResult("an agent of kind command needs a Command", [nameof(Command)]);
    }

    private static long? Parse(string? size) => size is null ? null : ByteSize.Parse(size);

    private TimeSpan? Limit(TimeSpan? given, TimeSpan ampDefault) =>
        given is { } time ? (time > TimeSpan.Zero ? time : null) : Kind == AgentKind.Amp ? ampDefault : null;
}
