using System.Diagnostics;

namespace Ampx.Chaos.Machines;

/// <summary>One <c>ampx up</c> with its data folder, ports and way to the database; what ends by itself is started again, as systemd would.</summary>
internal sealed class SiloProcess : IAsyncDisposable
{
    private static readonly TimeProvider Clock = TimeProvider.System;
    private readonly Dictionary<string, string?> environment;
    private readonly Action<string> say;
    private readonly CancellationTokenSource closing = new();
    private readonly SemaphoreSlim turn = new(1);
    private readonly StreamWriter log;
    private Process? process;
    private Task watching = Task.CompletedTask;

    public SiloProcess(int number, string root, Dictionary<string, string?> environment, DatabaseProxy? database, Action<string> say)
    {
        (Number, Database, this.environment, this.say) = (number, database, environment, say);
        Data = Path.Combine(root, $"silo{number}");
        Url = $"http://127.0.0.1:{Shell.FreePort()}";
        log = new StreamWriter(Path.Combine(root, $"silo{number}.log")) { AutoFlush = true };
    }

    public int Number { get; }
    public string Data { get; }
    public string Url { get; }
    public DatabaseProxy? Database { get; }

    /// <summary>Its data folder's own disk; null: it has none.</summary>
    public SmallDisk? Disk { get; set; }

    /// <summary>Nothing is done to it now: callers may use it.</summary>
    public bool IsWhole { get; set; }

    /// <summary>How often it ended without being told to.</summary>
    public int EndedByItself { get; private set; }

    public int Pid => process!.Id;

    public string? Token => File.Exists(Path.Combine(Data, "token")) ? File.ReadAllText(Path.Combine(Data, "token")).Trim() : null;

    /// <summary>Starts it, and from now on again whenever it ends by itself.</summary>
    public void Start()
    {
        Launch();
        watching = Watch();
    }

    /// <summary>Ends it with <paramref name="signal"/> and keeps it down until <paramref name="while_"/> is over.</summary>
    public async Task Down(string signal, Func<Task> while_)
    {
        await turn.WaitAsync();
        try
        {
            await Shell.Signal(Pid, signal);
            await process!.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
            await while_();
            if (!closing.IsCancellationRequested) Launch();
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Ends it with its agents.</summary>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await watching;
        if (process is { HasExited: false })
        {
            await Shell.Signal(Pid, "CONT");
            await Shell.Signal(Pid, "USR1");
            using var end = new CancellationTokenSource(TimeSpan.FromSeconds(15), Clock);
            try
            {
                await process.WaitForExitAsync(end.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
            }
        }

        process?.Dispose();
        if (Disk is not null) await Disk.DisposeAsync();
        if (Database is not null) await Database.DisposeAsync();
        lock (log) log.Dispose();
        turn.Dispose();
        closing.Dispose();
    }

    private void Launch()
    {
        var port = new Uri(Url).Port;
        var start = new ProcessStartInfo(AmpxProgram.Path, ["up", "--port", $"{port}", "--data", Data])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment)
        {
            if (value is null) start.Environment.Remove(name);
            else start.Environment[name] = value;
        }

        process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.ErrorDataReceived += (_, line) => Write(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        Write($"--- pid {process.Id} started at {Clock.GetUtcNow():HH:mm:ss}");
    }

    private void Write(string? line)
    {
        if (line is null) return;
        lock (log)
            if (log.BaseStream is { CanWrite: true }) log.WriteLine(line);
    }

    private async Task Watch()
    {
        try
        {
            while (true)
            {
                await Task.Delay(500, closing.Token);
                await turn.WaitAsync(closing.Token);
                try
                {
                    if (!process!.HasExited) continue;
                    EndedByItself++;
                    say($"silo {Number} ended by itself with {process.ExitCode}; it is started again");
                    await Task.Delay(1000, closing.Token);
                    Launch();
                }
                finally
                {
                    turn.Release();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // the suite ends
        }
    }
}
