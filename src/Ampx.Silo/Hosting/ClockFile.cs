using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Ampx.Runs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Hosting;

/// <summary>
/// <c>clock.json</c> in the data folder: the steady clock goes on over a restart of the service, so that a jump in between is none either.
/// After a boot, or without the file, the machine's clock is believed.
/// </summary>
internal sealed partial class ClockFile(SteadyClock clock, DataFolder folder, ILogger<ClockFile> log) : BackgroundService
{
    private const string Name = "clock.json";
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <summary>Less is the slow and steady work of a time server.</summary>
    private static readonly TimeSpan WorthTelling = TimeSpan.FromMinutes(1);
    private bool told;

    /// <summary>The clock of the service in <paramref name="folder"/>.</summary>
    public static SteadyClock Open(string folder)
    {
        Written? before = null;
        try
        {
            before = AtomicFile.Read(Path.Combine(folder, Name), ClockJson.Default.Written);
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException or UnauthorizedAccessException)
        {
            // As good as none: the machine's clock is what everybody else goes by, too.
        }

        return new SteadyClock(TimeProvider.System, SinceBoot, before is { } mark && mark.BootId == Processes.BootId ? new ClockMark(mark.Now, mark.Elapsed) : null);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period);
        do
        {
            Save();
            Tell();
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private void Save()
    {
        try
        {
            var (now, elapsed) = clock.Mark;
            AtomicFile.Write(folder.In(Name), new Written(Processes.BootId, now, elapsed), ClockJson.Default.Written);
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            LogNotSaved(full);
        }
    }

    private void Tell()
    {
        var jumped = clock.Behind.Duration() > WorthTelling;
        if (jumped && !told) LogJumped(clock.Behind);
        told = jumped;
    }

    /// <summary>The clock that nobody sets, and that also runs while the machine sleeps.</summary>
    private static TimeSpan SinceBoot()
    {
        var error = clock_gettime(BootTime, out var time);
        return error == 0 ? TimeSpan.FromTicks(time.Seconds * TimeSpan.TicksPerSecond + time.Nanoseconds / TimeSpan.NanosecondsPerTick) : throw new InvalidOperationException("clock_gettime(CLOCK_BOOTTIME) failed");
    }

    private const int BootTime = 7;

    [LibraryImport("libc")]
    private static partial int clock_gettime(int clock, out Timespec time);

    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    [LoggerMessage(LogLevel.Warning, "the machine's clock differs by {By} from the time that has passed: it was set. That is taken up slowly, so that no time-out is wrong by more than a tenth")]
    private partial void LogJumped(TimeSpan by);

    [LoggerMessage(LogLevel.Warning, "clock.json couldn't be written; after a restart now the machine's clock would be believed")]
    private partial void LogNotSaved(Exception exception);

    internal sealed record Written(string BootId, DateTimeOffset Now, TimeSpan Elapsed);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ClockFile.Written))]
internal sealed partial class ClockJson : JsonSerializerContext;
