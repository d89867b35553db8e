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

    public Process Start(string[] arguments, string? folder = null)
    {
        var start = new ProcessStartInfo(AmpxProgram.Path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Folder,
        };
        foreach (var name in (string[])["XDG_CONFIG_HOME", "XDG_DATA_HOME", "AMPX_SERVER", "AMPX_TOKEN", "NO_COLOR", "Ampx__DataDirectory"]) start.Environment.Remove(name);
        start.Environment["HOME"] = Folder;
        start.Environment["TZ"] = "UTC";
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
