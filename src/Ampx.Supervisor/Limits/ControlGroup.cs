using System.Globalization;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>
/// A control group (cgroup v2) for one run, where the service's own has been delegated to it (systemd: <c>Delegate=</c>, <c>DelegateSubgroup=</c>): the kernel keeps the
/// limits, throttles, and ends all of the run at one word. See Documentation/admin-guide/cgroup-v2.rst of the kernel.
/// </summary>
internal sealed class ControlGroup
{
    private const string Prefix = "ampx-", Members = "cgroup.procs";
    private readonly string folder, own;
    private readonly RunLimits limits;

    private ControlGroup(string folder, string own, RunLimits limits) => (this.folder, this.own, this.limits) = (folder, own, limits);

    /// <summary>Null if the run needs none, or this process may make none that keeps all it needs.</summary>
    /// <param name="own">The folder of the group that this process is in; null: as the kernel says.</param>
    public static ControlGroup? Make(string runId, RunLimits? limits, string? own = null)
    {
        string[] controllers = [.. Needed(limits)];
        own ??= OfThisProcess();
        if (controllers.Length == 0 || own is null) return null;
        // A group that holds processes gives no controllers to groups inside it, unless it is the root: so beside ours, or in the root.
        foreach (var parent in (string?[])[Path.GetDirectoryName(own), own])
        {
            if (parent is null || !File.Exists(Path.Combine(parent, Members))) continue;
            foreach (var controller in controllers) _ = TryWrite(Path.Combine(parent, "cgroup.subtree_control"), $"+{controller}");
            Sweep(parent);
            var folder = Path.Combine(parent, Prefix + runId);
            try
            {
                Directory.CreateDirectory(folder);
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            if (Files(limits!).All(file => File.Exists(Path.Combine(folder, file.Name))) && TryWrite(Path.Combine(folder, Members), Me) && TryWrite(Path.Combine(own, Members), Me))
                return new ControlGroup(folder, own, limits!);
            Remove(folder);
        }

        return null;
    }

    /// <summary>What <paramref name="start"/> starts is in the group from its first instruction on; this process is not, afterwards.</summary>
    public T Within<T>(Func<T> start)
    {
        File.WriteAllText(Path.Combine(folder, Members), Me);
        try
        {
            return start();
        }
        finally
        {
            File.WriteAllText(Path.Combine(own, Members), Me);
            // Not before: our own threads would count.
            foreach (var (name, value) in Files(limits)) File.WriteAllText(Path.Combine(folder, name), value);
        }
    }

    /// <summary>The kernel ended something in it for want of memory.</summary>
    public bool RanOutOfMemory => limits.Memory is not null && File.ReadLines(Path.Combine(folder, "memory.events")).Any(line => line.StartsWith("oom_kill ", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal));

    /// <summary>Ends whatever is left in it, and removes it.</summary>
    public void End()
    {
        _ = TryWrite(Path.Combine(folder, "cgroup.kill"), "1");
        for (var tries = 0; tries < 50 && !Remove(folder); tries++) Thread.Sleep(20);
    }

    private static IEnumerable<string> Needed(RunLimits? limits)
    {
        if (limits?.Memory is not null) yield return "memory";
        if (limits?.Processes is not null) yield return "pids";
        if (limits?.Processors is not null) yield return "cpu";
    }

    private static IEnumerable<(string Name, string Value)> Files(RunLimits limits)
    {
        if (limits.Memory is { } memory) yield return ("memory.max", Number(memory));
        if (limits.Processes is { } processes) yield return ("pids.max", Number(processes));
        // Microseconds of time in each tenth of a second.
        if (limits.Processors is { } processors) yield return ("cpu.max", $"{Number((long)(processors * 100_000))} 100000");
    }

    /// <summary>Groups whose supervisor was killed; one that is in use can't be removed.</summary>
    private static void Sweep(string parent)
    {
        foreach (var left in Directory.EnumerateDirectories(parent, Prefix + "*").ToList()) _ = Remove(left);
    }

    /// <summary>True if it is gone. Its files are the kernel's and go with it.</summary>
    private static bool Remove(string folder) => Native.rmdir(folder) == 0 || !Directory.Exists(folder);

    private static bool TryWrite(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text);
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>"0::/system.slice/ampx.service/service" below where cgroup2 is mounted; null without.</summary>
    private static string? OfThisProcess()
    {
        const string Unified = "0::/";
        var path = File.ReadLines("/proc/self/cgroup").FirstOrDefault(line => line.StartsWith(Unified, StringComparison.Ordinal));
        // "36 25 0:31 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw": the fifth word is where.
        var mount = File.ReadLines("/proc/self/mountinfo").FirstOrDefault(line => line.Contains(" - cgroup2 ", StringComparison.Ordinal));
        return path is null || mount is null ? null : Path.TrimEndingDirectorySeparator(Path.Combine(mount.Split(' ')[4], path[Unified.Length..]));
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Me => Number(Environment.ProcessId);
}
