using Ampx.Runs;

namespace Ampx.Silo.Agents.Runs;

/// <summary>Where a run stands, read off its folder alone.</summary>
public abstract record RunState
{
    private RunState() { }

    /// <summary>No supervisor has begun it.</summary>
    public sealed record NotStarted : RunState;

    /// <summary>Its supervisor lives.</summary>
    public sealed record Running : RunState;

    /// <summary>It has ended, all its processes are gone, its output is complete.</summary>
    public sealed record Exited(RunExit Exit) : RunState;

    /// <summary>Its supervisor died without a last word: killed, or the machine went down. Processes may be left.</summary>
    public sealed record Lost : RunState;
}

/// <summary>The folder that a run lives in; everything known about the run is in it.</summary>
public sealed class RunFolder(string path)
{
    public string Path { get; } = path;
    public string RunId => System.IO.Path.GetFileName(Path);
    public string OutPath => In(RunFiles.Out);
    public string ErrPath => In(RunFiles.Err);

    /// <summary>What was asked for, without the environment once the run has begun. Null if it isn't there.</summary>
    public RunSpec? Spec => AtomicFile.Read(In(RunFiles.Spec), RunJson.Default.RunSpec);

    /// <summary>Which processes it is. Null before it has begun.</summary>
    public RunInfo? Info => AtomicFile.Read(In(RunFiles.Run), RunJson.Default.RunInfo);

    /// <summary>How it ended. Null before that.</summary>
    public RunExit? Exit => AtomicFile.Read(In(RunFiles.Exit), RunJson.Default.RunExit);

    public RunState State
    {
        get
        {
            if (Exit is { } exit)
                return new RunState.Exited(exit);
            // In this order: the supervisor holds the lock from before run.json until after exit.
            var begun = File.Exists(In(RunFiles.Run));
            if (RunLock.IsHeld(In(RunFiles.Lock)))
                return new RunState.Running();
            if (Exit is { } late)
                return new RunState.Exited(late);
            return begun ? new RunState.Lost() : new RunState.NotStarted();
        }
    }

    internal string In(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The last <paramref name="count"/> lines of stderr, for an error's detail; at most 4 KB.</summary>
    public string LastErrorLines(int count = 10)
    {
        if (!File.Exists(ErrPath))
            return "";
        using var file = new FileStream(ErrPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(-Math.Min(file.Length, 4096), SeekOrigin.End);
        using var reader = new StreamReader(file);
        var text = reader.ReadToEnd();
        // Begun in the middle: half a secret would not be known as one.
        if (file.Length > 4096) text = text[(text.AsSpan().IndexOfAny(" \t\r\n") + 1)..];
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join('\n', lines.TakeLast(count));
    }
}
