using Ampx.Core.Api;

namespace Ampx.Cli;

/// <summary>What the shell is told; docs/CLI.md lists them.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;
    public const int NoSuchTask = 3;
    public const int NotAllowed = 4;
    public const int Unreachable = 5;
    public const int Interrupted = 130;
}

/// <summary>A command's expected failure: what happened and what to do, in one or two lines, and what the shell is told.</summary>
internal sealed class CliError(int exit, Problem problem, string? hint = null) : Exception(problem.Detail)
{
    public int Exit { get; } = exit;
    public Problem Problem { get; } = problem;

    /// <summary>The last line: what to do about it.</summary>
    public string? Hint { get; } = hint;

    /// <summary>Lines between the two: what there is to choose from.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    public static CliError Usage(string detail, string? hint = null) =>
        new(ExitCode.WrongUsage, new("about:blank", "Wrong usage", 400, detail, "wrong_usage"), hint);

    public static CliError Failed(string detail, string? hint = null, string code = "failed") =>
        new(ExitCode.Failed, new("about:blank", "The command failed", 500, detail, code), hint);

    public static CliError Unreachable(string detail, string? hint = null) =>
        new(ExitCode.Unreachable, new("about:blank", "Server not reachable", 503, detail, "unreachable"), hint);

    /// <summary>The server's refusal, with the exit code that belongs to it.</summary>
    public static CliError Of(Problem problem, Uri server) => problem.Status switch
    {
        401 => new(ExitCode.NotAllowed, problem, server.IsLoopback
            ? $"The token for {Show(server)} is missing or wrong: give --token or AMPX_TOKEN; a service started with 'ampx up' keeps its own in its data folder's file 'token'."
            : $"Get a token from an admin of {Show(server)} ('ampx token create' makes one), then sign in with it: ampx login {Show(server)}"),
        403 => new(ExitCode.NotAllowed, problem),
        404 => new(ExitCode.NoSuchTask, problem, problem.Code == "not_found" ? "'ampx ls' lists the tasks." : null),
        400 or 413 => new(ExitCode.WrongUsage, problem),
        409 when problem.Candidates is { Count: > 0 } ids => new(ExitCode.WrongUsage, problem, "Write as much of one's id that no other fits.") { More = ids },
        502 or 503 or 504 => new(ExitCode.Unreachable, problem, "The service is starting or has no silo: try again in a moment."),
        _ => new(ExitCode.Failed, problem),
    };

    private static string Show(Uri server) => server.GetLeftPart(UriPartial.Authority);
}
