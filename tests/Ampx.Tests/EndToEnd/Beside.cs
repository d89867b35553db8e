using System.Diagnostics;

namespace Ampx.Tests.EndToEnd;

/// <summary>A command that runs beside a test, and what it has said so far.</summary>
internal sealed class Beside : IDisposable
{
    private readonly Process process;
    private readonly Task reading;
    private readonly List<string> output = [], talk = [];

    public Beside(Process process)
    {
        this.process = process;
        reading = Task.WhenAll(Read(process.StandardOutput, output), Read(process.StandardError, talk));
    }

    /// <summary>Lines of stdout.</summary>
    public IReadOnlyList<string> Output => Now(output);

    /// <summary>Lines of stderr.</summary>
    public IReadOnlyList<string> Talk => Now(talk);

    /// <summary>Its exit code.</summary>
    public async Task<int> Ended()
    {
        await process.WaitForExitAsync().WaitAsync(Stage.Patience);
        await reading.WaitAsync(Stage.Patience);
        return process.ExitCode;
    }

    /// <summary>Ctrl+C.</summary>
    public async Task Interrupt()
    {
        using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }

    private static List<string> Now(List<string> lines)
    {
        lock (lines) return [.. lines];
    }

    private static async Task Read(StreamReader from, List<string> lines)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (lines) lines.Add(line);
        }
    }
}
