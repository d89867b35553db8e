using System.ComponentModel;
using System.Text;
using System.Text.RegularExpressions;
using Ampx.Silo.Agents.Sandboxes;
using CliWrap;
using CliWrap.Buffered;

namespace Ampx.Silo.Agents;

/// <summary>A new thread, or why there is none: an error code of the contract and what Amp said.</summary>
public abstract record AmpThread
{
    private AmpThread() { }

    public sealed record Created(string Id) : AmpThread;
    public sealed record Failed(string Code, string Detail) : AmpThread;
}

/// <summary>Creates the thread before the first run, so that a crash before the first event can be continued.</summary>
public static partial class AmpThreads
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>Calls <c>amp threads new</c>.</summary>
    public static async Task<AmpThread> Create(
        AgentOptions agent, string workingDirectory, IReadOnlyDictionary<string, string> environment, CancellationToken cancel, TimeSpan? timeout = null, Func<Call, Call>? around = null)
    {
        if (!AmpSignIn.IsSignedIn(environment))
            return new AmpThread.Failed("agent_not_signed_in", $"No AMP_API_KEY, and no key in {AmpSignIn.SecretsPath(environment)}.");

        var (stdout, stderr) = (new StringBuilder(), new StringBuilder());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(timeout ?? Timeout);
        try
        {
            var plain = new Call(Find(agent.Program, environment) ?? agent.Program, ["threads", "new"], environment);
            var call = around?.Invoke(plain) ?? plain;
            var result = await Cli.Wrap(call.Program)
                .WithArguments(call.Arguments)
                .WithWorkingDirectory(workingDirectory)
                .WithEnvironmentVariables(Exactly(call.Environment))
                .WithStandardOutputPipe(PipeTarget.ToStringBuilder(stdout))
                .WithStandardErrorPipe(PipeTarget.ToStringBuilder(stderr))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(limit.Token);

            if (result.ExitCode == 0 && ThreadId.Match(stdout.ToString()) is { Success: true } id)
                return new AmpThread.Created(id.Value);
            var said = $"{stderr}{stdout}".Trim();
            return new AmpThread.Failed(
                AgentOutcome.SaysNotSignedIn(said) ? "agent_not_signed_in" : "agent_failed",
                $"`{agent.Program} threads new` ended with code {result.ExitCode}: {said}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new AmpThread.Failed("agent_failed",
                $"`{agent.Program} threads new` gave no answer in {(timeout ?? Timeout).TotalSeconds} s: {$"{stderr}{stdout}".Trim()}");
        }
        catch (Win32Exception notStarted)
        {
            return new AmpThread.Failed("agent_not_found", $"{agent.Program}: {notStarted.Message}");
        }
    }

    /// <summary>The first line of <c>amp --version</c>, which works offline; or why there is none.</summary>
    public static async Task<(string? Version, string? Trouble)> Version(AgentOptions agent, IReadOnlyDictionary<string, string> environment, CancellationToken cancel)
    {
        var patience = TimeSpan.FromSeconds(8);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        try
        {
            var said = await Cli.Wrap(Find(agent.Program, environment) ?? agent.Program)
                .WithArguments(["--version"])
                .WithWorkingDirectory("/")
                .WithEnvironmentVariables(Exactly(environment))
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(limit.Token);
            var line = $"{said.StandardOutput}\n{said.StandardError}".Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return said.ExitCode == 0 && line is not null ? (line, null) : (null, $"exit {said.ExitCode}{(line is null ? "" : $", {line}")}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (null, $"no answer within {patience.TotalSeconds:0} s");
        }
        catch (Win32Exception notStarted)
        {
            return (null, notStarted.Message);
        }
    }

    /// <summary>Looked up in the agent's PATH. Null if it isn't there, or isn't a program.</summary>
    public static string? Find(string program, IReadOnlyDictionary<string, string> environment) =>
        program.Contains('/') ? (IsProgram(program) ? program : null)
            : environment.GetValueOrDefault("PATH", "").Split(':', StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => Path.Combine(folder, program)).FirstOrDefault(IsProgram);

    /// <summary>It looks like an id of Amp's.</summary>
    public static bool IsId(string text) => ThreadId.Match(text) is { Success: true, Length: var length } && length == text.Length;

    private static bool IsProgram(string file) =>
        File.Exists(file) && (OperatingSystem.IsWindows()
            || (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    /// <summary>CliWrap adds to our own environment; null takes a name out of it.</summary>
    private static Dictionary<string, string?> Exactly(IReadOnlyDictionary<string, string> environment) =>
        AgentEnvironment.OfService().Keys.Union(environment.Keys).ToDictionary(name => name, name => environment.GetValueOrDefault(name));

    /// <summary>Newer versions print the thread's URL, older ones the id.</summary>
    [GeneratedRegex("T-[0-9a-f-]+")]
    private static partial Regex ThreadId { get; }
}
