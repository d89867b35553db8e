using System.Runtime.InteropServices;

namespace Ampx.Cli;

/// <summary>Ctrl+C, SIGTERM, SIGQUIT and SIGUSR1 of this process. The first ends what a command waits for; a command that stops slowly may ask for the next.</summary>
internal sealed class Interrupt : IDisposable
{
    /// <summary>What <c>down --stop-agents</c> sends. A program that a script starts in the background is born deaf to SIGINT and SIGQUIT, and .NET leaves it so.</summary>
    public const int StopAll = 10;

    private readonly CancellationTokenSource _first = new();
    private readonly TaskCompletionSource _again = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<PosixSignalRegistration> _signals = [];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _first.Token;

    /// <summary>Completes with the second signal, and with the first if that was SIGQUIT or SIGUSR1: stop all, agents too.</summary>
    public Task Again => _again.Task;

    public bool Happened => _first.IsCancellationRequested;

    /// <summary>What an interrupted command says last: that the task goes on, for example.</summary>
    public string? Parting { get; set; }

    /// <summary>From now on signals come here instead of ending the process.</summary>
    public static Interrupt Listen()
    {
        var interrupt = new Interrupt();
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGQUIT, (PosixSignal)StopAll])
            interrupt._signals.Add(PosixSignalRegistration.Create(signal, interrupt.On));
        return interrupt;
    }

    private void On(PosixSignalContext signal)
    {
        signal.Cancel = true;
        if (Again.IsCompleted) Environment.Exit(ExitCode.Interrupted);
        if (Happened || signal.Signal is PosixSignal.SIGQUIT or (PosixSignal)StopAll) _again.TrySetResult();
        _first.Cancel();
    }

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _first.Dispose();
    }
}
