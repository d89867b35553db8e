using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Runs;
using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Agents.Sandboxes;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Agents;

/// <summary>The agents that tasks can name: those of the settings, and <c>amp</c> in any case.</summary>
public sealed class AgentProfiles(IOptions<Dictionary<string, AgentOptions>> options)
{
    private readonly Dictionary<string, AgentOptions> known = new(options.Value, StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => [.. known.Keys.Append("amp").Distinct()];

    /// <summary>Null if there is no such profile.</summary>
    public AgentProfile? Find(string name) =>
        known.TryGetValue(name, out var agent) ? new(name, agent) : name == "amp" ? new(name, new AgentOptions()) : null;
}

/// <summary>An agent as this machine can run it.</summary>
public sealed class AgentProfile(string name, AgentOptions agent)
{
    private readonly IReadOnlyDictionary<string, string> environment = AgentEnvironment.For(agent, AgentEnvironment.OfService());

    public string Name => name;

    public AgentKind Kind => agent.Kind;

    /// <summary>As it is configured; <see cref="ProgramPath"/> is what that means here, null if nothing.</summary>
    public string Program => agent.Program;

    /// <inheritdoc cref="Program"/>
    public string? ProgramPath => AmpThreads.Find(agent.Program, environment);

    /// <summary>Where Amp's key comes from; whether Amp's server takes it is known at the first run.</summary>
    public string SignedInBy => AmpSignIn.HasKey(environment) ? "AMP_API_KEY" : AmpSignIn.SecretsPath(environment);

    /// <summary>What keeps its runs from the rest of the machine.</summary>
    public SandboxRules Sandbox { get; } = new(agent.Sandbox, agent.Network, [.. agent.SandboxReadOnly], [.. agent.SandboxReadWrite],
        agent.Kind is AgentKind.Amp ? AmpSignIn.Files(AgentEnvironment.For(agent, AgentEnvironment.OfService())) : [], agent.Limits);

    /// <summary>The agent keeps conversations of its own that later runs continue.</summary>
    public bool HasThreads => agent.Kind is AgentKind.Amp;

    /// <summary>Bytes of the longest line of output that is kept whole.</summary>
    public int LongestLine => agent.Kind is AgentKind.Amp ? RunFollower.LongestJsonLine : RunFollower.ChunkSize;

    /// <summary>Where people read the conversation <paramref name="thread"/>; null if it has no page.</summary>
    public Uri? ThreadPage(string thread)
    {
        if (!HasThreads || !AmpThreads.IsId(thread)) return null;
        var server = environment.TryGetValue("AMP_URL", out var given) && Uri.TryCreate(given, UriKind.Absolute, out var own) && own.Scheme is "http" or "https" ? own.AbsoluteUri : "https://ampcode.com";
        return new Uri($"{server.TrimEnd('/')}/threads/{thread}");
    }

    /// <summary>Why no run of it can begin on this machine; null if one can.</summary>
    public TaskError? Unready()
    {
        if (AmpThreads.Find(agent.Program, environment) is null)
            return new(ErrorCodes.AgentNotFound, $"agent '{name}': there is no program '{agent.Program}' here that can be run: install it, or name it in Ampx:Agents:{name}:Command");
        if (Sandbox.Impossible is { } why)
            return new(ErrorCodes.AgentFailed, $"agent '{name}' is to run in a sandbox (Ampx:Agents:{name}:Sandbox), but {why}");
        if (agent.Kind is AgentKind.Amp && !AmpSignIn.IsSignedIn(environment))
            return new(ErrorCodes.AgentNotSignedIn, $"agent '{name}' isn't signed in: set AMP_API_KEY for the service, or run 'amp login' as its user");
        return null;
    }

    /// <summary>What <c>--version</c> prints, or why there is nothing; for kind amp only.</summary>
    public Task<(string? Version, string? Trouble)> Version(CancellationToken cancel) => AmpThreads.Version(agent, environment, cancel);

    /// <summary>A new conversation in <paramref name="folder"/>.</summary>
    /// <param name="around">Puts a call into the run's sandbox.</param>
    public Task<AmpThread> NewThread(string folder, Func<Call, Call> around, CancellationToken cancel) => AmpThreads.Create(agent, folder, environment, cancel, around: around);

    /// <summary>The run of <paramref name="task"/>, within what is left of its time.</summary>
    /// <inheritdoc cref="NewThread" path="/param"/>
    public RunSpec Spec(TaskState task, string folder, string? thread, Func<Call, Call> around)
    {
        var spec = AgentCommand.For(agent, new AgentJob(task.Run!.RunId, task.Id, task.Step, folder), thread, environment).In(around);
        if (task.MaxTime is { } limit && limit - task.TimeSpent < spec.Timeout) spec.Timeout = Max(limit - task.TimeSpent, TimeSpan.FromSeconds(1));
        return spec;
    }

    /// <summary>Lines of the agent's output as people read them. Lines don't depend on each other, so a restart may begin anywhere.</summary>
    public IReadOnlyList<string> Readable(IReadOnlyList<string> lines)
    {
        if (agent.Kind is not AgentKind.Amp) return lines;
        var stream = new AmpStream();
        return [.. lines.SelectMany(stream.Read)];
    }

    /// <summary>What the ended run came to; what it said, without secrets.</summary>
    public AgentOutcome Outcome(RunFolder run, RunExit exit, Redaction redaction) =>
        AgentOutcome.Of(exit, agent.Kind is AgentKind.Amp ? AmpStream.Replay(run.OutPath, redaction: redaction).Facts : null, redaction.Apply(run.LastErrorLines()));

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
