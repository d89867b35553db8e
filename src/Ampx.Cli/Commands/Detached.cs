using System.Diagnostics;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Ampx.Core;

namespace Ampx.Cli.Commands;

/// <summary>A service in the background: this program again, in a session of its own, with its words in <c>service.log</c>.</summary>
internal static class Detached
{
    public const string LogName = "service.log";
    private const string Mark = "AMPX_DETACHED_LOG";

    /// <summary>Runs its arguments with their words going to the log. A constant: program, folder and port are arguments, the log's path is in the environment.</summary>
    private const string IntoLog = $"""exec "$@" </dev/null >>"${Mark}" 2>&1""";
    private const long LargestLog = 10 * 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<int> Start(Terminal terminal, string data, int? port, bool stopAgents, CancellationToken cancel)
    {
        if (ServiceFile.Live(data) is { } running)
            throw CliError.Failed($"A service runs on {data} already: {running.Url}, pid {running.Pid}.", "'ampx down' stops it.", "already_running");
        var log = Prepare(data);
        var before = new FileInfo(log) is { Exists: true } old ? old.Length : 0;
        using var child = Process.Start(Itself(data, port, stopAgents, log)) ?? throw CliError.Failed("The service's process could not be started.");
        var service = await Working.On(terminal, "Starting", () => Ready(child, data, log, before, cancel));
        if (terminal.JsonOnly) Terminal.Json(service, json => json.ServiceFile);
        else Greet(service, log, terminal);
        return ExitCode.Done;
    }

    private static void Greet(ServiceFile service, string log, Terminal terminal)
    {
        Terminal.Line($"Ampx {Versions.Own} runs at {Terminal.Paint(service.Url, "1", terminal.Colour)}, pid {service.Pid}");
        Terminal.Line($"  log       {log}");
        Terminal.Line("  stop      ampx down");
    }

    private static async Task<ServiceFile> Ready(Process child, string data, string log, long before, CancellationToken cancel)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (child.HasExited) throw CliError.Failed($"The service did not start:\n{Tail(log, before)}", $"The whole log: {log}", "start_failed");
            if (ServiceFile.Live(data) is { } service && service.Pid == child.Id && await IsReady(service.Url, cancel)) return service;
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                Processes.Signal(child.Id, Processes.Terminate);
                throw CliError.Failed($"The service was not ready within {Times.Span(Patience)}:\n{Tail(log, before)}", $"The whole log: {log}", "start_failed");
            }

            await Task.Delay(50, cancel);
        }
    }

    /// <summary>In the process that <see cref="Start"/> started: leaves the terminal. Elsewhere nothing.</summary>
    public static void BecomeOne()
    {
        if (Environment.GetEnvironmentVariable(Mark) is not { Length: > 0 }) return;
        // Agents and a later 'ampx up' below this process are none of this kind.
        Environment.SetEnvironmentVariable(Mark, null);
        Processes.LeaveTerminal();
    }

    /// <summary>The last line of the log of the service on <paramref name="data"/>, if it told of its end.</summary>
    public static string? LastWords(string data)
    {
        var log = Path.Combine(data, LogName);
        var line = File.Exists(log) ? Tail(log, Math.Max(0, new FileInfo(log).Length - 2000)).Split('\n')[^1] : "";
        return line.StartsWith("Stopped", StringComparison.Ordinal) ? line : null;
    }

    private static string Prepare(string data)
    {
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(data);
            else Directory.CreateDirectory(data, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var log = Path.Combine(data, LogName);
            if (new FileInfo(log) is { Exists: true, Length: > LargestLog }) File.Move(log, $"{log}.1", overwrite: true);
            using (File.Open(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
            {
                return log;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CliError.Failed($"The data folder {data} is not writable: {e.Message}", "Choose another with --data DIR.", "data_not_writable");
        }
    }

    private static ProcessStartInfo Itself(string data, int? port, bool stopAgents, string log)
    {
        var program = Environment.ProcessPath!;
        // 'dotnet ampx.dll' is the runtime's program with ours as its first word.
        string[] itself = Path.GetFileNameWithoutExtension(program) == "dotnet" ? [program, Path.Combine(AppContext.BaseDirectory, "ampx.dll")] : [program];
        string[] words = [.. itself, "up", "--data", data, .. port is null ? Array.Empty<string>() : ["--port", $"{port}"], .. stopAgents ? ["--stop-agents"] : Array.Empty<string>()];
        // The shell opens the log before .NET begins, which copies what it finds as its output: a pipe of ours held for ever would hang whoever reads it to its end.
        var start = new ProcessStartInfo("/bin/sh", ["-c", IntoLog, "ampx", .. words]) { WorkingDirectory = "/" };
        start.Environment[Mark] = log;
        return start;
    }

    private static async Task<bool> IsReady(string url, CancellationToken cancel)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var answer = await http.GetAsync(new Uri(new Uri(url), "/health/ready"), cancel);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            return false;
        }
    }

    private static string Tail(string log, long from)
    {
        using var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Position = Math.Min(from, file.Length);
        using var reader = new StreamReader(file);
        return string.Join('\n', reader.ReadToEnd().TrimEnd().Split('\n').TakeLast(8));
    }
}
