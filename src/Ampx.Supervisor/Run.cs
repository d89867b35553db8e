using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>One run from its spec to its exit file.</summary>
internal sealed class Run(string folder)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2), Patience = TimeSpan.FromSeconds(10), Drain = TimeSpan.FromSeconds(2), Full = TimeSpan.FromMinutes(10);
    private const long Room = 16 * 1024 * 1024;

    public int ToItsEnd()
    {
        Self.Detach();
        using var alive = RunLock.Take(In(RunFiles.Lock), patience: TimeSpan.FromSeconds(1));
        if (alive is null || File.Exists(In(RunFiles.Run)) || File.Exists(In(RunFiles.Exit)))
            return 0; // somebody else has it, or it has been

        RunSpec spec;
        try
        {
            spec = AtomicFile.Read(In(RunFiles.Spec), RunJson.Default.RunSpec) ?? throw new FileNotFoundException("no spec.json");
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException)
        {
            Write(NotStarted(new StartError(1, $"spec.json: {unreadable.Message}")));
            return 1;
        }

        var info = new RunInfo
        {
            RunId = spec.RunId,
            TaskId = spec.TaskId,
            Step = spec.Step,
            BootId = Processes.BootId,
            Pid = Environment.ProcessId,
            PidStarted = Processes.Find(Environment.ProcessId)!.Value.Started,
            StartedAt = TimeProvider.System.GetUtcNow(),
        };
        AtomicFile.Write(In(RunFiles.Run), info, RunJson.Default.RunInfo);
        Write(Supervise(spec, info));
        return 0;
    }

    private RunExit Supervise(RunSpec spec, RunInfo info)
    {
        if (Watch.StopReason(folder) is { } early)
            return new RunExit { Code = 0, Reason = RunReason.Stopped, Detail = early, EndedAt = TimeProvider.System.GetUtcNow() };

        var terminated = false;
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            Volatile.Write(ref terminated, true);
        });

        var group = ControlGroup.Make(spec.RunId, spec.Limits);
        var limits = new LimitWatch(spec);
        if (group is null) Self.KeepTo(spec.Limits?.Processors);
        var (child, error) = group is null ? Start() : group.Within(Start);
        if (child is null)
        {
            group?.End();
            Remember(spec, info);
            return NotStarted(error!);
        }

        limits.Begin(group);

        var silence = new Silence(spec.ToolClock);
        var outPump = new Pump(child.Stdout, In(RunFiles.Out), spec.OutputLimit, silence.Heard);
        var errPump = new Pump(child.Stderr, In(RunFiles.Err), spec.OutputLimit, _ => silence.HeardElsewhere());
        Remember(spec, info with { AgentPid = child.Pid, AgentPidStarted = Processes.Find(child.Pid)?.Started });
        using var reaper = new Reaper(child.Pid);

        var (reason, detail) = new Watch(folder, spec, silence, limits).UntilItEnds(reaper, () => Volatile.Read(ref terminated));
        limits.End();
        if (reason == RunReason.Exited && reaper.Code != 0 && group is { RanOutOfMemory: true })
            (reason, detail) = (RunReason.OverLimit, $"it ran out of the {LimitWatch.Size(spec.Limits!.Memory!.Value)} of memory that it may use (MemoryLimit)");

        // ECHILD is the kernel's word that no descendant is left: orphans come to us, the subreaper. Others carry the run's id.
        // What takes too much has no time to tidy up, and may not outrun us.
        if (reason == RunReason.OverLimit) Self.Hurry();
        var left = Processes.End(
            () => Processes.OfRun(spec.RunId, Environment.ProcessId), reason == RunReason.OverLimit ? TimeSpan.Zero : Grace, Patience);
        group?.End();
        reaper.Ended.Wait(Drain);
        var drained = Stopwatch.StartNew();
        outPump.Finish(Drain);
        errPump.Finish(Drain - drained.Elapsed);
        Settle(outPump, errPump);

        if (left.Count > 0)
            detail = $"{detail}{(detail is null ? "" : "; ")}could not end {string.Join(", ", left)}";
        return new RunExit
        {
            Code = reaper.Code ?? 128 + Native.SIGKILL,
            Signal = reaper.Signal,
            Reason = reason,
            Detail = detail,
            EndedAt = TimeProvider.System.GetUtcNow(),
            DroppedBytes = outPump.Dropped + errPump.Dropped,
        };

        (Child?, StartError?) Start() => Self.Offering(() => Child.Start(spec, In(RunFiles.In)));
    }

    /// <summary>What found the disk full waits for room, as the exit file has to anyway; but not for ever, and not for a file that takes nothing though there is room.</summary>
    private void Settle(params ReadOnlySpan<Pump> pumps)
    {
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var hopeless = Stopwatch.GetElapsedTime(since) > Full || !Directory.Exists(folder) || new DriveInfo(folder).AvailableFreeSpace > Room;
            var settled = true;
            foreach (var pump in pumps) settled &= pump.Settle();
            if (settled || hopeless)
                return;
            Thread.Sleep(500);
        }
    }

    private void Remember(RunSpec spec, RunInfo info)
    {
        try
        {
            AtomicFile.Write(In(RunFiles.Run), info, RunJson.Default.RunInfo);
            // The keys in it have done their duty.
            AtomicFile.Write(In(RunFiles.Spec), spec with { Environment = new Dictionary<string, string>() }, RunJson.Default.RunSpec);
        }
        catch (IOException)
        {
            // A full disk. The run goes on: its processes are found by the run's id too.
        }
    }

    /// <summary>Tries until it works: nothing else says how the run ended, and the lock held meanwhile says that it isn't lost.</summary>
    private void Write(RunExit exit)
    {
        while (Directory.Exists(folder))
        {
            try
            {
                AtomicFile.Write(In(RunFiles.Exit), exit, RunJson.Default.RunExit);
                return;
            }
            catch (IOException)
            {
                Thread.Sleep(500);
            }
        }
    }

    private static RunExit NotStarted(StartError error) => new()
    {
        Code = error.Code,
        Reason = RunReason.NotStarted,
        Detail = error.Text,
        EndedAt = TimeProvider.System.GetUtcNow(),
    };

    private string In(string name) => Path.Combine(folder, name);
}
