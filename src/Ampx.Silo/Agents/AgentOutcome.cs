using Ampx.Runs;

namespace Ampx.Silo.Agents;

/// <summary>What a run of an agent came to.</summary>
public abstract record AgentOutcome
{
    private AgentOutcome() { }

    /// <param name="Said">The agent's last words; empty if it had none.</param>
    public sealed record Succeeded(string Said, AgentUsage? Usage) : AgentOutcome;

    /// <param name="Code">An error code of the contract.</param>
    public sealed record Failed(string Code, string Detail, AgentUsage? Usage) : AgentOutcome;

    /// <summary>It was told to stop, by us, or its lease ended; the reason is ours.</summary>
    public sealed record Stopped(string Reason, AgentUsage? Usage) : AgentOutcome;

    /// <param name="exit">How the run ended.</param>
    /// <param name="stream">What the stream said; null for kind command, which has no stream.</param>
    /// <param name="errors">The last lines of stderr.</param>
    public static AgentOutcome Of(RunExit exit, AmpFacts? stream, string errors)
    {
        var usage = stream?.Usage;
        switch (exit.Reason)
        {
            case RunReason.Stopped or RunReason.LeaseEnded:
                return new Stopped(exit.Detail ?? "", usage);
            case RunReason.NotStarted:
                return new Failed(exit.Code is 126 or 127 ? "agent_not_found" : "agent_failed", exit.Detail ?? "The agent could not be started.", usage);
            // Its work was done and said; only the process did not find its end.
            case RunReason.TimedOut or RunReason.Stalled or RunReason.OverLimit when stream is { Result: { } done }:
                return new Succeeded(done, usage);
            case RunReason.OverLimit:
                return new Failed("agent_failed", With($"The run was ended: {exit.Detail}.", errors), usage);
            case RunReason.TimedOut or RunReason.Stalled:
                var code = stream is { HasResult: false, LastText: null } && SaysNotSignedIn(stream.LastPlainLine) ? "agent_not_signed_in" : exit.Reason;
                return new Failed(code, With(exit.Detail ?? exit.Reason, errors), usage);
        }

        if (stream?.Error is { } error)
            return new Failed(SaysNotSignedIn(error) ? "agent_not_signed_in" : "agent_failed", With($"The agent gave up: {error}", exit.Code == 0 ? "" : errors), usage);
        if (exit.Code != 0)
        {
            var signIn = stream is not null && (SaysNotSignedIn(errors) || SaysNotSignedIn(stream.LastPlainLine));
            return new Failed(signIn ? "agent_not_signed_in" : "agent_failed",
                With($"The agent {HowItEnded(exit)}.", errors.Length > 0 ? errors : stream?.LastPlainLine ?? ""), usage);
        }
        if (stream is { HasResult: false })
        {
            var cut = exit.DroppedBytes > 0 ? $" ({exit.DroppedBytes} bytes of its output were not kept)" : "";
            return new Failed("agent_failed", With($"The agent ended with exit code 0 but without a result line{cut}.", errors), usage);
        }
        return new Succeeded(stream?.Result ?? "", usage);
    }

    /// <summary>Amp's own words for a missing or refused key.</summary>
    internal static bool SaysNotSignedIn(string? text) => text is not null
        && (text.Contains("No API key found", StringComparison.OrdinalIgnoreCase)
            || text.Contains("missing API key", StringComparison.OrdinalIgnoreCase)
            || text.Contains("amp login", StringComparison.OrdinalIgnoreCase));

    // What ended a process inside a sandbox, or below a shell, arrives as 128 and the signal's number.
    private static string HowItEnded(RunExit exit) => (exit.Signal ?? (exit.Code is > 128 and < 160 ? exit.Code - 128 : null)) switch
    {
        null => $"ended with exit code {exit.Code}",
        4 => "crashed: illegal instruction (SIGILL)",
        6 => "crashed: it aborted itself (SIGABRT)",
        7 => "crashed: bus error (SIGBUS)",
        8 => "crashed: arithmetic error (SIGFPE)",
        9 => "was killed from outside (SIGKILL); often the machine was out of memory",
        11 => "crashed: segmentation fault (SIGSEGV)",
        15 => "was ended from outside (SIGTERM)",
        var other => $"was ended by signal {other}",
    };

    private static string With(string what, string errors) => errors.Length == 0 ? what : $"{what}\n{errors}";
}
