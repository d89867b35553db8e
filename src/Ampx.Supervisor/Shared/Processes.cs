using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Ampx.Runs;

/// <summary>A process as /proc shows it. <paramref name="Started"/> in clock ticks after boot, <paramref name="Resident"/> in bytes.</summary>
internal readonly record struct ProcessEntry(int Pid, int Parent, char State, int Flags, int Threads, long Started, long Resident)
{
    /// <summary>PF_EXITING: it has let go of some of what it held, and not of all; it runs nothing any more.</summary>
    private const int Exiting = 0x4;

    public bool IsGone => State is 'Z' or 'X' || (Flags & Exiting) != 0;
}

/// <summary>Finds and ends the processes of a run.</summary>
internal static class Processes
{
    public static string BootId => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Null if there is no such process.</summary>
    public static ProcessEntry? Find(int pid)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        // "pid (name) state ppid …": the name may hold blanks and brackets, so count from the last one, which ends field 2. flags is field 9, num_threads is field 20, starttime 22, rss 24.
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        long Field(int number) => long.Parse(fields[number - 3], CultureInfo.InvariantCulture);
        return fields.Length < 22 ? null : new ProcessEntry(pid, (int)Field(4), fields[0][0], (int)(uint)Field(9), (int)Field(20), Field(22), Field(24) * Environment.SystemPageSize);
    }

    /// <summary>Living processes of the run: what descends from <paramref name="roots"/> (themselves not among it), and what carries the run's id.</summary>
    public static IReadOnlyList<int> OfRun(string runId, params ReadOnlySpan<int> roots) => [.. EntriesOfRun(runId, roots).Select(process => process.Pid)];

    /// <inheritdoc cref="OfRun"/>
    public static IReadOnlyList<ProcessEntry> EntriesOfRun(string runId, params ReadOnlySpan<int> roots)
    {
        var all = All();
        var family = Descendants(all, roots);
        var mark = Encoding.UTF8.GetBytes($"{RunFiles.Variable}={runId}\0");
        foreach (var process in all)
            if (!family.Contains(process.Pid) && process.Pid != Environment.ProcessId && !process.IsGone && HasMark(process.Pid, mark))
                family.Add(process.Pid);

        foreach (var root in roots)
            family.Remove(root);
        return [.. all.Where(p => !p.IsGone && family.Contains(p.Pid))];
    }

    /// <summary>The process and what descends from it.</summary>
    public static IReadOnlyCollection<int> Family(int pid) => Descendants(All(), pid);

    /// <summary>
    /// Asks politely, waits for <paramref name="grace"/>, then ends whatever is left: first processes of pid namespaces first, with which the kernel ends all others
    /// there; and frozen before they are killed, so that nothing can start more behind our back.
    /// Returns what would not go within <paramref name="patience"/> (another user's process, or one stuck in the kernel).
    /// </summary>
    public static IReadOnlyList<int> End(Func<IReadOnlyList<int>> living, TimeSpan grace, TimeSpan patience)
    {
        var left = living();
        foreach (var pid in left)
            _ = Native.kill(pid, Native.SIGTERM);

        var since = Stopwatch.StartNew();
        while (left.Count > 0 && since.Elapsed < grace)
        {
            Thread.Sleep(20);
            left = living();
        }

        EndNamespaces(left);
        since.Restart();
        var frozen = new HashSet<int>();
        while (left.Count > 0 && since.Elapsed < patience)
        {
            var more = false;
            foreach (var pid in left)
            {
                if (frozen.Add(pid))
                {
                    more = true;
                    _ = Native.kill(pid, Native.SIGSTOP);
                }
            }
            if (!more)
            {
                foreach (var pid in left)
                    _ = Native.kill(pid, Native.SIGKILL);
                frozen.Clear();
                Thread.Sleep(10);
            }
            left = living();
        }
        return left;
    }

    /// <summary>Kills those that are the first of a pid namespace: the kernel ends all others there, whatever they do.</summary>
    public static void EndNamespaces(IEnumerable<int> pids)
    {
        foreach (var pid in pids.Where(IsFirstOfItsNamespace))
            _ = Native.kill(pid, Native.SIGKILL);
    }

    /// <summary>Seen from inside it has pid 1: "NSpid: 4711 1".</summary>
    private static bool IsFirstOfItsNamespace(int pid)
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith("NSpid:", StringComparison.Ordinal))?.EndsWith("\t1", StringComparison.Ordinal) is true;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The roots are among them.</summary>
    private static HashSet<int> Descendants(List<ProcessEntry> all, params ReadOnlySpan<int> roots)
    {
        var family = new HashSet<int>(roots.ToArray());
        var children = all.ToLookup(p => p.Parent);
        var open = new Stack<int>(family);
        while (open.TryPop(out var parent))
            foreach (var child in children[parent])
                if (family.Add(child.Pid))
                    open.Push(child.Pid);
        return family;
    }

    private static List<ProcessEntry> All()
    {
        var all = new List<ProcessEntry>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Find(pid) is { } process)
                all.Add(process);
        return all;
    }

    private static bool HasMark(int pid, ReadOnlySpan<byte> mark)
    {
        try
        {
            // Of another user's processes the environment can't be read; they can't be ended either.
            var environment = File.ReadAllBytes($"/proc/{pid}/environ").AsSpan();
            var at = environment.IndexOf(mark);
            return at == 0 || (at > 0 && environment[at - 1] == 0);
        }
        catch (Exception hidden) when (hidden is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
