using System.Globalization;
using Ampx.Runs;

namespace Ampx.Silo.Agents.Sandboxes;

/// <summary>Limits that the kernel keeps for each process, set by util-linux' program inside the sandbox.</summary>
internal static class Prlimit
{
    // Since then processes are counted by user namespace, which the sandbox has one of its own of; before, all of the service's user would count.
    private static readonly bool CountsApart = Environment.OSVersion.Version >= new Version(5, 14);
    private static readonly string? Program = File.Exists("/usr/bin/prlimit") ? "/usr/bin/prlimit" : null;

    /// <summary>What goes before the program: the disk's limit for each file, so that one fills nothing between two looks; and the processes'.</summary>
    public static IReadOnlyList<string> For(RunLimits? limits)
    {
        List<string> options = [];
        if (limits?.Disk is { } disk) options.Add($"--fsize={disk.ToString(CultureInfo.InvariantCulture)}");
        if (limits?.Processes is { } processes && CountsApart) options.Add($"--nproc={processes.ToString(CultureInfo.InvariantCulture)}");
        return Program is null || options.Count == 0 ? [] : [Program, .. options];
    }
}
