using System.Diagnostics;
using System.Globalization;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>Waits for the run's end and says why it ends: by itself, by the stop file, by one of the clocks, or by taking too much.</summary>
internal sealed class Watch(string folder, RunSpec spec, Silence silence, LimitWatch limits)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    public (string Reason, string? Detail) UntilItEnds(Reaper reaper, Func<bool> terminated)
    {
        var running = Stopwatch.StartNew();
        var lease = Path.Combine(folder, RunFiles.Lease);
        while (!reaper.Ended.Wait(Interval))
        {
            if (StopReason(folder) is { } reason)
                return (RunReason.Stopped, reason);
            if (terminated())
                return (RunReason.Stopped, "the supervisor got SIGTERM");
            if (limits.Exceeded is { } much)
                return (RunReason.OverLimit, much);
            if (running.Elapsed > spec.Timeout)
                return (RunReason.TimedOut, $"still running after {Seconds(spec.Timeout)}{LastTool}");
            if (!silence.HasBegun && running.Elapsed > spec.StartTimeout)
                return (RunReason.Stalled, $"no {(spec.ToolClock ? "event" : "output")} within {Seconds(spec.StartTimeout.Value)}{LastText}");
            if (silence.HasBegun && !silence.ToolAtWork && silence.Elapsed > spec.IdleTimeout)
                return (RunReason.Stalled, $"no output for {Seconds(spec.IdleTimeout.Value)}{LastTool}");
            if (spec.Leased && Uptime.Now > LeaseFile.Until(lease))
                return (RunReason.LeaseEnded, "the lease ended: the worker had no contact with the cluster");
        }
        return reaper.Code != 0 && limits.Exceeded is { } late ? (RunReason.OverLimit, late) : (RunReason.Exited, null);
    }

    /// <summary>What the stop file says, or null without one.</summary>
    public static string? StopReason(string folder)
    {
        try
        {
            return File.Exists(Path.Combine(folder, RunFiles.Stop)) ? File.ReadAllText(Path.Combine(folder, RunFiles.Stop)).Trim() : null;
        }
        catch (IOException)
        {
            return "";
        }
    }

    private string LastTool => silence.LastTool is { } tool ? $"; last tool: {tool}" : "";
    private string LastText => silence.LastText is { } text ? $"; it said: {text}" : "";

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s");
}
