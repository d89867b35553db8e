namespace Ampx.Silo.Git;

/// <summary>git failed where it should not have; names the command, its exit code and the last lines it said.</summary>
[GenerateSerializer, Alias("ampx.git-exception.v1")]
public sealed class GitException : Exception
{
    public GitException(string command, int exitCode, string errors)
        : base($"{command}: exit {exitCode}{(errors.Length > 0 ? ": " + errors : "")}") =>
        (Command, ExitCode, Errors) = (command, exitCode, errors);

    /// <summary>The command, without secrets.</summary>
    [Id(0)]
    public string Command { get; }

    [Id(1)]
    public int ExitCode { get; }

    /// <summary>The last lines of stderr.</summary>
    [Id(2)]
    public string Errors { get; }

    /// <summary>The exit code given to a command that was stopped at its time limit.</summary>
    public const int TimedOut = 124;

    /// <summary>The exit code given to a command that was stopped because it took too much.</summary>
    public const int TooLarge = 125;

    /// <summary>True for a passing cause, such as a connection that broke.</summary>
    public bool Passing => ExitCode == TimedOut || NetworkTrouble.IsIn(Errors);
}
