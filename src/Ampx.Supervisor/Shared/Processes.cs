using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Ampx.Runs;

/// <summary>A process as /proc shows it. <paramref name="Started"/> in clock ticks after boot.</summary>
internal readonly record struct ProcessEntry(int Pid, int Parent, char State, long Started)
{
    public bool IsGone => State is 'Z' or 'X';
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
        // "pid (name) state ppid …": the name may hold blanks and brackets, so count from the last one. starttime is field 22.
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length < 20 ? null
            : new ProcessEntry(pid, int.Parse(fields[1], CultureInfo.InvariantCulture), fields[0][0], long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    /// <summary>Living processes of the run: what descends from <paramref name="roots"/> (themselves not among it), and what carries the run's id.</summary>
    public static IReadOnlyList<int> OfRun(string runId, params ReadOnlySpan<int> roots)
    {
        var all = All();
        var family = new HashSet<int>(roots.ToArray());
        var children = all.ToLookup(p => p.Parent);
        var open = new Stack<int>(family);
        while (open.TryPop(out var parent))
            foreach (var child in children[parent])
                if (family.Add(child.Pid))
                    open.Push(child.Pid);

        var mark = Encoding.UTF8.GetBytes($"{RunFiles.Variable}={runId}\0");
        foreach (var process in all)
            if (!family.Contains(process.Pid) && process.Pid != Environment.ProcessId && !process.IsGone && HasMark(process.Pid, mark))
                family.Add(process.Pid);

        foreach (var root in roots)
            family.Remove(root);
        return [.. all.Where(p => !p.IsGone && family.Contains(p.Pid)).Select(p => p.Pid)];
    }

    /// <summary>
    /// Asks politely, waits for <paramref name="grace"/>, then ends whatever is left: frozen first, so that nothing can start more behind our back.
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
