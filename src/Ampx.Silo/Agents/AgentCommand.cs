using Ampx.Runs;

namespace Ampx.Silo.Agents;

/// <summary>Which run it is for, and where.</summary>
public sealed record AgentJob(string RunId, string TaskId, int Step, string WorkingDirectory);

/// <summary>
/// An agent's profile and a job make a run. The prompt goes on stdin, never into an argument: there it would show in the process list,
/// and could be read as an option.
/// </summary>
public static class AgentCommand
{
    /// <summary>For kind amp: continues the thread, which must exist (<see cref="AmpThreads"/>).</summary>
    public static RunSpec For(AgentOptions agent, AgentJob job, string? threadId, IReadOnlyDictionary<string, string> environment) => new()
    {
        RunId = job.RunId,
        TaskId = job.TaskId,
        Step = job.Step,
        Kind = "agent",
        Command = agent.Program,
        Arguments = agent.Kind == AgentKind.Amp
            ? AmpArguments(threadId ?? throw new ArgumentNullException(nameof(threadId), "Amp continues a thread: create it first."), agent.Arguments)
            : [.. agent.Arguments],
        WorkingDirectory = job.WorkingDirectory,
        Environment = environment,
        Timeout = agent.Timeout,
        StartTimeout = agent.StartLimit,
        IdleTimeout = agent.IdleLimit,
        ToolClock = agent.Kind == AgentKind.Amp,
    };

    /// <summary>A bare <c>-x</c>: an argument after it would be taken as the message.</summary>
    private static string[] AmpArguments(string threadId, IEnumerable<string> more) =>
    [
        "threads", "continue", threadId, "-x", "--stream-json", "--no-archive-after-execute", "--no-ide", "--no-notifications", "--no-color",
        "--dangerously-allow-all", .. more,
    ];
}
