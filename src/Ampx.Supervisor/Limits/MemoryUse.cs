using System.Globalization;
using Ampx.Runs;

namespace Ampx.Supervisor;

/// <summary>A process's own share of memory: what it shares with others is divided among them.</summary>
internal static class MemoryUse
{
    /// <summary>Bytes; all that is resident where the share isn't told, 0 where the process is gone.</summary>
    public static long Of(ProcessEntry process)
    {
        try
        {
            // "Pss:       1234 kB"
            var line = File.ReadLines($"/proc/{process.Pid}/smaps_rollup").FirstOrDefault(line => line.StartsWith("Pss:", StringComparison.Ordinal));
            return line is null ? process.Resident : 1024 * long.Parse(line.AsSpan(4, line.Length - 4 - 2), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
        }
        catch (UnauthorizedAccessException)
        {
            return process.Resident;
        }
        catch (IOException)
        {
            return 0;
        }
    }
}
