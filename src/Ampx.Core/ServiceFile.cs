using System.Globalization;
using System.Text.Json;

namespace Ampx.Core;

/// <summary><c>service.json</c> in a service's data folder: how others on this machine find it.</summary>
/// <param name="Pid">Of the service.</param>
/// <param name="ProcessStartTime">In clock ticks since boot, as <c>/proc/PID/stat</c> has it: tells a reused pid.</param>
/// <param name="Url">Where it answers.</param>
/// <param name="StartedAt">For people.</param>
public sealed record ServiceFile(int Pid, long ProcessStartTime, string Url, DateTimeOffset StartedAt)
{
    private const string Name = "service.json";

    /// <summary>True if the very process that wrote the file still runs.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsAlive => StartTimeOf(Pid) == ProcessStartTime;

    /// <summary>The file of a service in this process.</summary>
    public static ServiceFile Own(string url, DateTimeOffset now) => new(Environment.ProcessId, StartTimeOf(Environment.ProcessId) ?? 0, url, now);

    /// <summary>The last service that ran on the folder; null if none did, or the file can't be read.</summary>
    public static ServiceFile? Read(string dataDirectory)
    {
        try
        {
            return JsonSerializer.Deserialize<ServiceFile>(File.ReadAllBytes(Path.Combine(dataDirectory, Name)), AmpxJson.Options);
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>The service that runs on the folder now; null if none does.</summary>
    public static ServiceFile? Live(string dataDirectory) => Read(dataDirectory) is { IsAlive: true } service ? service : null;

    public void Write(string dataDirectory)
    {
        var file = Path.Combine(dataDirectory, Name);
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(this, AmpxJson.Options));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>Field 22 of <c>/proc/PID/stat</c>; null if there is no such process.</summary>
    private static long? StartTimeOf(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            // The name in field 2 may hold spaces and parentheses: count from its last one.
            return long.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19], CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
