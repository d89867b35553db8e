using System.Text;

namespace Ampx.Chaos.Machines;

/// <summary>What is left of runs on this machine.</summary>
internal static class Leftovers
{
    /// <summary>Processes that were started below <paramref name="root"/>: by their command, their folder, or an agent's mark.</summary>
    public static IReadOnlyList<(int Pid, string Command)> Processes(string root)
    {
        var found = new List<(int, string)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var pid) || pid == Environment.ProcessId) continue;
            try
            {
                var command = Encoding.UTF8.GetString(File.ReadAllBytes($"{folder}/cmdline")).Replace('\0', ' ');
                var place = new FileInfo($"{folder}/cwd").LinkTarget ?? "";
                if (command.Contains(root, StringComparison.Ordinal) || place.StartsWith(root, StringComparison.Ordinal)) found.Add((pid, command));
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // it has ended meanwhile, or is somebody else's
            }
        }

        return found;
    }

    /// <summary>Agents and their supervisors: everything of ours that isn't a service or GitHub's.</summary>
    public static IEnumerable<string> Runs(Theatre theatre)
    {
        var services = theatre.Silos.Select(silo => silo.Pid).ToHashSet();
        return Processes(theatre.Root)
            .Where(process => !services.Contains(process.Pid) && !process.Command.Contains(Path.Combine(theatre.Root, "github"), StringComparison.Ordinal))
            .Select(process => $"process {process.Pid} is left: {process.Command}");
    }

    /// <summary>Run folders, CI checkouts, and trees that are held for a task.</summary>
    public static IEnumerable<string> Folders(SiloProcess silo)
    {
        foreach (var run in Below(silo, "runs").Concat(Below(silo, "ci"))) yield return $"silo {silo.Number} has kept {run}";
        foreach (var file in Below(silo, "workspaces").SelectMany(Directory.GetDirectories).Select(tree => Path.Combine(tree, "tree.json")).Where(File.Exists))
            if (File.ReadAllText(file).Contains("\"Held\":true", StringComparison.Ordinal)) yield return $"silo {silo.Number} holds the workspace {file}";
    }

    private static string[] Below(SiloProcess silo, string name) =>
        Directory.Exists(Path.Combine(silo.Data, name)) ? Directory.GetDirectories(Path.Combine(silo.Data, name)) : [];
}
