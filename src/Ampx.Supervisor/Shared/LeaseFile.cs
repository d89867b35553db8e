using System.Globalization;

namespace Ampx.Runs;

/// <summary>The clock that nobody sets, that all processes of a machine share, and that goes on while it sleeps: who took a run over meanwhile did not sleep.</summary>
public static class Uptime
{
    // TickCount64 stands still in suspend, and /proc/uptime doesn't.
    public static TimeSpan Now => TimeSpan.FromSeconds(double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0], CultureInfo.InvariantCulture));
}

/// <summary>
/// Until when a run may go on without news of its worker: the time of the file <c>lease</c>, counted from the machine's start (<see cref="Uptime"/>).
/// Not its content, so that a full disk ends no run; and an end, not the moment of a touch, so that a touch that comes late says nothing more than was true when it was meant.
/// </summary>
public static class LeaseFile
{
    /// <summary>Nothing is left of a lease whose file is gone.</summary>
    public static TimeSpan Until(string path) => File.GetLastWriteTimeUtc(path) - DateTime.UnixEpoch;

    public static void Begin(string path, TimeSpan until)
    {
        // A new file has the wall clock's time, which would be a lease of fifty years.
        File.WriteAllBytes(path + ".new", []);
        File.SetLastWriteTimeUtc(path + ".new", DateTime.UnixEpoch + until);
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Nothing to change where the run is over and its folder gone.</summary>
    public static void Change(string path, TimeSpan until)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch + until);
        }
        catch (IOException) when (!File.Exists(path))
        {
        }
    }
}
