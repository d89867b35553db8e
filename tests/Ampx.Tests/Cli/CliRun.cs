using System.Diagnostics;
using System.Text.Json.Nodes;
using Ampx.Chaos.Machines;

namespace Ampx.Tests.Cli;

/// <summary>What a run of the real <c>ampx</c> program left.</summary>
internal sealed record CliResult(int Exit, string Out, string Error)
{
    /// <summary>Stdout as the one JSON document that it must be.</summary>
    public JsonNode Json => JsonNode.Parse(Out)!;
}

/// <summary>What a run on a terminal left there.</summary>
internal sealed record TerminalResult(int Exit, Screen Screen);

/// <summary>A user's machine: an empty home folder, and the real <c>ampx</c> program in it.</summary>
internal sealed class CliHome : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("ampx-cli-").FullName;
    public string Config => Path.Combine(Folder, ".config", "ampx");
    public string Data => Path.Combine(Folder, ".local", "share", "ampx");
    public Dictionary<string, string> Environment { get; } = [];

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public Task<CliResult> Run(params string[] arguments) => Run(null, arguments);

    public async Task<CliResult> Run(string? input, string[] arguments, string? folder = null)
    {
        using var process = Start(arguments, folder);
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using var kill = late.Token.Register(() => process.Kill(entireProcessTree: true));
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new(process.ExitCode, output, await errors);
    }

    /// <summary>Runs the program on a terminal, as a person does; both its streams go there.</summary>
    public async Task<TerminalResult> OnTerminal(string[] arguments, int columns = 80, Func<Pty, Task>? meanwhile = null)
    {
        using var terminal = new Pty(columns);
        using var process = Start(arguments, terminal: terminal.Path);
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await using var kill = late.Token.Register(() => process.Kill(entireProcessTree: true));
        if (meanwhile is not null) await meanwhile(terminal);
        await process.WaitForExitAsync();
        return new(process.ExitCode, Screen.Of(await terminal.End(), columns));
    }

    public Process Start(string[] arguments, string? folder = null, string? terminal = null)
    {
        var program = AmpxProgram.Path;
        // The terminal becomes the program's own, so that Ctrl+C on it is a signal.
        var start = terminal is null ? new ProcessStartInfo(program, arguments) : new ProcessStartInfo("/bin/sh", ["-c", "exec setsid -c -w \"$@\" <\"$PTY\" >\"$PTY\" 2>\"$PTY\"", "sh", program, .. arguments]);
        Prepare(start, folder);
        if (terminal is not null) start.Environment["PTY"] = terminal;
        return Process.Start(start)!;
    }

    /// <summary>The same home, environment and streams for another program.</summary>
    public void Prepare(ProcessStartInfo start, string? folder = null)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.WorkingDirectory = folder ?? Folder;
        foreach (var name in (string[])["XDG_CONFIG_HOME", "XDG_DATA_HOME", "AMPX_SERVER", "AMPX_TOKEN", "NO_COLOR", "COLUMNS", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "Ampx__DataDirectory"]) start.Environment.Remove(name);
        start.Environment["HOME"] = Folder;
        start.Environment["TZ"] = "UTC";
        start.Environment["TERM"] = "xterm-256color";
        start.Environment["LC_ALL"] = "C.UTF-8";
        foreach (var (name, value) in Environment) start.Environment[name] = value;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
