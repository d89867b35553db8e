using System.Diagnostics;
using System.Globalization;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>
/// Counts what a run takes where the kernel doesn't: memory and processes where there is no control group for it, disk always. Each count has a thread, for a
/// large tree takes long to measure, and rests for a multiple of what it took.
/// </summary>
internal sealed class LimitWatch
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(250), AtOnce = TimeSpan.FromMilliseconds(20);
    private const int Rest = 20;
    private readonly RunSpec spec;
    private readonly DiskUse? disk;
    private volatile string? exceeded;
    private volatile bool over;

    /// <summary>Measures what is in the folders now: before the run begins.</summary>
    public LimitWatch(RunSpec spec)
    {
        this.spec = spec;
        if (spec.Limits?.Disk is not null) disk = new DiskUse(spec.Limits.Folders);
    }

    /// <summary>What the run took too much of; null while it is within its limits.</summary>
    public string? Exceeded => exceeded;

    /// <param name="group">What it keeps by itself isn't counted.</param>
    public void Begin(ControlGroup? group)
    {
        if (spec.Limits is not { } limits) return;
        if (disk is not null) Start("disk", () => Rested(() => WhatDisk(limits)));
        if (group is null && limits.Memory is not null) Start("memory", () => Rested(() => WhatMemory(limits)));
        if (group is null && limits.Processes is { } most) Start("processes", () => Crowd(most));
    }

    public void End() => over = true;

    private string? WhatDisk(RunLimits limits) =>
        disk!.Added() is var bytes && bytes > limits.Disk ? $"it has written {Size(bytes)}, more than the {Size(limits.Disk.Value)} that it may (DiskLimit)" : null;

    /// <summary>Resident memory counts what processes share once for each: dear to know better, so only where it matters.</summary>
    private string? WhatMemory(RunLimits limits) =>
        All() is var all && all.Sum(process => process.Resident) > limits.Memory && all.Sum(MemoryUse.Of) is var bytes && bytes > limits.Memory
            ? $"it uses {Size(bytes)} of memory, more than the {Size(limits.Memory.Value)} that it may (MemoryLimit)" : null;

    private void Rested(Func<string?> look)
    {
        while (!over && exceeded is null)
        {
            var since = Stopwatch.GetTimestamp();
            if (look() is { } what) exceeded = what;
            var took = Stopwatch.GetElapsedTime(since) * Rest;
            Thread.Sleep(took > Soon ? took : Soon);
        }
    }

    /// <summary>
    /// A fork bomb doubles within milliseconds, and soon leaves no processor to whoever would end it. So this goes before it where it may, and looks, often, at the
    /// number of all threads of the machine, which is one short read; the run's own are counted when that has grown by more than the run may.
    /// </summary>
    private void Crowd(int most)
    {
        Self.Hurry();
        var (own, machine, counted) = (0, int.MaxValue, 0L);
        while (!over && exceeded is null)
        {
            if (MachineThreads() is var now && (now - machine > most - own || Stopwatch.GetElapsedTime(counted) > Soon))
            {
                var all = All();
                (own, machine, counted) = (all.Sum(process => process.Threads), now, Stopwatch.GetTimestamp());
                if (own > most)
                {
                    exceeded = $"it has {own} processes and threads, more than the {most} that it may (ProcessLimit)";
                    Processes.EndNamespaces(all.Select(process => process.Pid));
                }
            }

            Thread.Sleep(AtOnce);
        }
    }

    /// <summary>"0.20 0.18 0.12 1/80 11206": the fourth is running and all.</summary>
    private static int MachineThreads() => int.Parse(File.ReadAllText("/proc/loadavg").Split(' ', '/')[4], CultureInfo.InvariantCulture);

    private IReadOnlyList<ProcessEntry> All() => Processes.EntriesOfRun(spec.RunId, Environment.ProcessId);

    private static void Start(string name, Action watch) => new Thread(() => watch()) { IsBackground = true, Name = name }.Start();

    public static string Size(long bytes)
    {
        var (size, unit) = bytes switch { >= 1L << 30 => (bytes / (double)(1L << 30), "GiB"), >= 1L << 20 => (bytes / (double)(1L << 20), "MiB"), _ => (bytes / 1024.0, "KiB") };
        return string.Create(CultureInfo.InvariantCulture, $"{size:0.##} {unit}");
    }
}
