using System.Text;
using System.Text.RegularExpressions;
using Ampx.Runs;
using Ampx.Silo.Git;

namespace Ampx.Silo.Agents.Runs;

/// <summary>
/// The runs on this machine, one folder each below <c>runs/</c> in the data folder. Nothing is kept in memory: after a restart, or beside
/// another instance, it sees the same runs.
/// </summary>
public sealed partial class AgentRuns(string dataDirectory, SupervisorProgram supervisor, TimeProvider time, RunLease lease)
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50), StartPatience = TimeSpan.FromSeconds(30);
    private readonly string _home = Path.Combine(dataDirectory, "runs");

    public RunFolder Folder(string runId) =>
        SafeName.IsMatch(runId) ? new RunFolder(Path.Combine(_home, runId)) : throw new ArgumentException($"not a run id: {runId}", nameof(runId));

    public IReadOnlyList<RunFolder> All() =>
        Directory.Exists(_home) ? [.. Directory.GetDirectories(_home).Order(StringComparer.Ordinal).Select(path => new RunFolder(path))] : [];

    /// <summary>
    /// Starts the run unless it has begun already, under whatever service: then it is left as it is, running or ended.
    /// Returns when its supervisor has taken it over. What goes wrong later (no such command, say) is in the exit.
    /// </summary>
    public async Task<RunFolder> Start(RunSpec spec, string stdin, CancellationToken cancel = default)
    {
        var folder = Folder(spec.RunId);
        if (folder.State is not RunState.NotStarted)
            return folder;

        cancel.ThrowIfCancellationRequested();
        Directory.CreateDirectory(folder.Path, Private);
        AtomicFile.Write(folder.In(RunFiles.In), Encoding.UTF8.GetBytes(stdin));
        if (lease.IsOn && LeaseFile.Until(folder.In(RunFiles.Lease)) <= Uptime.Now)
            throw new LeaseEndedException($"run {spec.RunId}: the lease ended before anything was started");
        AtomicFile.Write(folder.In(RunFiles.Spec), spec with { Leased = lease.IsOn }, RunJson.Default.RunSpec);

        using var process = supervisor.Start(folder.Path);
        var since = time.GetTimestamp();
        while (!HasBegun(folder))
        {
            if (process.HasExited && folder.State is RunState.NotStarted)
                throw new IOException($"The supervisor of run {spec.RunId} ended with code {process.ExitCode} before it began. "
                    + $"Is the disk of {folder.Path} full, or {supervisor.Path} not executable there?");
            if (time.GetElapsedTime(since) > StartPatience)
                throw new TimeoutException($"The supervisor of run {spec.RunId} did not begin within {StartPatience.TotalSeconds} s.");
            // Not cancelled: who stops this run next must find its supervisor, not a process that is about to become it.
            await Task.Delay(TimeSpan.FromMilliseconds(5), time, CancellationToken.None);
        }
        return folder;
    }

    /// <summary>Asks the supervisor to end the run; it does within about 3 s. A run that hasn't begun will end before it starts its command.</summary>
    public void RequestStop(string runId, string reason)
    {
        var folder = Folder(runId);
        Directory.CreateDirectory(folder.Path, Private);
        AtomicFile.Write(folder.In(RunFiles.Stop), Encoding.UTF8.GetBytes(reason));
    }

    /// <summary>How the run ended; null if it is lost (<see cref="RunState.Lost"/>) or was never begun.</summary>
    public async Task<RunExit?> WaitForExit(string runId, CancellationToken cancel)
    {
        var folder = Folder(runId);
        while (true)
        {
            switch (folder.State)
            {
                case RunState.Exited ended: return ended.Exit;
                case RunState.Running: break;
                default: return null;
            }
            await Task.Delay(Poll, time, cancel);
        }
    }

    /// <summary>
    /// Before a run is claimed, or when it is taken up again: its lease begins, unless it has one. From here on it is only made longer while it lasts,
    /// so that a worker that stood still for longer never starts what others may have by now.
    /// </summary>
    /// <exception cref="LeaseEndedException">This worker has no contact with the cluster.</exception>
    public void Hold(string runId)
    {
        if (!lease.IsOn)
            return;
        var folder = Folder(runId);
        if (File.Exists(folder.In(RunFiles.Lease)))
            return;
        if (lease.Until <= Uptime.Now)
            throw new LeaseEndedException($"run {runId}: no contact with the cluster");
        Directory.CreateDirectory(folder.Path, Private);
        LeaseFile.Begin(folder.In(RunFiles.Lease), lease.Until);
    }

    /// <summary>These runs may go on until then, except where the lease has ended: their agents are ended too, and others may have their tasks.</summary>
    public void ExtendLeases(IEnumerable<string> runIds, TimeSpan until)
    {
        lease.Until = until;
        foreach (var path in runIds.Select(run => Folder(run).In(RunFiles.Lease)).Where(path => LeaseFile.Until(path) > Uptime.Now))
            LeaseFile.Change(path, until);
    }

    /// <summary>No run here goes on for longer than until then.</summary>
    public void ShortenLeases(TimeSpan until)
    {
        foreach (var path in All().Select(run => run.In(RunFiles.Lease)).Where(path => LeaseFile.Until(path) > until))
            LeaseFile.Change(path, until);
    }

    /// <summary>
    /// Ends what a lost run left behind: its agent, if that pid is still the same process, what descends from it, and everything that
    /// carries the run's id. Returns the pids that would not go. Harmless to repeat, and on a run that has ended.
    /// </summary>
    public IReadOnlyList<int> KillLeftovers(string runId)
    {
        var folder = Folder(runId);
        if (folder.State is RunState.Running)
            throw new InvalidOperationException($"Run {runId} has a living supervisor: request its stop instead.");
        // Its supervisor lives, but holds another folder's lock: this one is a copy, and the run is somebody else's.
        if (folder.Info is { } original && original.BootId == Processes.BootId && Processes.Find(original.Pid) is { IsGone: false } there && there.Started == original.PidStarted) return [];
        var agent = folder.Info is { AgentPid: { } pid, AgentPidStarted: { } started } info && info.BootId == Processes.BootId
            && Processes.Find(pid)?.Started == started ? pid : (int?)null;
        return Processes.End(
            () => agent is { } root ? [.. Processes.OfRun(runId, root), .. Alive(root)] : Processes.OfRun(runId),
            grace: TimeSpan.FromSeconds(2), patience: TimeSpan.FromSeconds(10));
    }

    /// <summary>Removes the folder of a run that isn't running.</summary>
    public void Delete(string runId)
    {
        var folder = Folder(runId);
        if (folder.State is RunState.Running)
            throw new InvalidOperationException($"Run {runId} is still running: request its stop first.");
        // Temporary files of the run's own are among it.
        DiskFolder.Delete(folder.Path);
    }

    private static bool HasBegun(RunFolder folder) => folder.Info is not null || folder.Exit is not null;

    private static IReadOnlyList<int> Alive(int pid) => Processes.Find(pid) is { IsGone: false } ? [pid] : [];

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    private static partial Regex SafeName { get; }
}
