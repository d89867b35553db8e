using System.Diagnostics;
using System.Globalization;
using Ampx.Runs;

namespace Ampx.Silo.Git;

/// <summary>
/// Watches what a git process takes: a few packed bytes can stand for more files than any disk or memory holds, and a remote can send without end. Nothing is measured of
/// the many that are over within a moment.
/// </summary>
/// <param name="folder">What it writes; null: only memory counts.</param>
internal sealed class GitGrowth(string? folder, GitOptions limits, TimeProvider time)
{
    private const int Rest = 20;
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(250);
    private long? before;

    /// <summary>What it took too much of; null until then.</summary>
    public string? Exceeded { get; private set; }

    /// <summary>Looks until <paramref name="over"/>, and cancels <paramref name="stop"/> where it is too much.</summary>
    public async Task Watch(int pid, CancellationTokenSource stop, CancellationToken over)
    {
        var pause = Soon;
        while (Exceeded is null)
        {
            await Task.Delay(pause, time, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (over.IsCancellationRequested) return;
            var since = Stopwatch.GetTimestamp();
            Exceeded = Memory(pid) ?? Disk();
            var took = Stopwatch.GetElapsedTime(since) * Rest;
            pause = took > Soon ? took : Soon;
        }

        await stop.CancelAsync();
    }

    private string? Memory(int pid) =>
        Processes.Family(pid).Sum(Own) is var bytes && bytes > limits.MemoryLimitBytes ? $"it took more than {limits.MemoryLimit} of memory (Git:MemoryLimit)" : null;

    private string? Disk()
    {
        if (folder is null) return null;
        try
        {
            var now = DiskFolder.Size(folder);
            before ??= now;
            return now - before > limits.SizeLimitBytes ? $"it wrote more than {limits.SizeLimit} (Git:SizeLimit)" : null;
        }
        catch (Exception moved) when (moved is IOException or UnauthorizedAccessException)
        {
            return null; // changed under our hands; the next look finds it at rest
        }
    }

    /// <summary>Not what is a mapped pack's: "RssAnon:     1234 kB".</summary>
    private static long Own(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
            return line is null ? 0 : 1024 * long.Parse(line.AsSpan(8, line.Length - 8 - 2), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
