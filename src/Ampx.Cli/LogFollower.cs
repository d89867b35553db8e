using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Ampx.Core.Logs;

namespace Ampx.Cli;

/// <summary>Which lines of a task's log.</summary>
internal sealed record LogSelection(IReadOnlyList<string>? Sources = null, int? Attempt = null, int? Tail = null, DateTimeOffset? Since = null)
{
    /// <summary>Who writes lines.</summary>
    public static readonly string[] Known = ["agent", "git", "ci", "system"];

    /// <summary>Reads <c>agent,ci</c>.</summary>
    public static IReadOnlyList<string>? ParseSources(string? list)
    {
        var words = list?.ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (words?.Except(Known).FirstOrDefault() is { } wrong) throw CliError.Usage($"--source '{wrong}' is none.", $"There are: {string.Join(' ', Known)}");
        return words is { Length: > 0 } ? words : null;
    }

    public string Query(long after) => Cli.Query.Of(
        ("after", after > 0 ? Text(after) : null),
        ("limit", Text(Math.Max(Tail ?? 1000, 1))),
        ("source", Sources is null ? null : string.Join(',', Sources)),
        ("attempt", Attempt is { } attempt ? Text(attempt) : null),
        ("tail", Tail is { } tail ? Text(tail) : null),
        ("since", Since?.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)));

    /// <summary>The same choice for lines that come by stream, which has them all.</summary>
    public bool Wants(LogEntry entry) => (Sources?.Contains(entry.Source) ?? true) && (Attempt is null || Attempt == entry.Attempt) && (Since is null || entry.Time >= Since);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Follows a task's log by stream until the task has ended; a lost connection is taken up again where it stopped.</summary>
internal sealed class LogFollower(AmpxClient client, TaskWatch watch)
{
    private long _after;

    /// <summary>Hands each wanted line on, once and in order.</summary>
    public async Task Follow(string id, LogSelection selection, Action<LogEntry> write, CancellationToken cancel)
    {
        // A part of an id may fit more tasks tomorrow.
        id = (await watch.Patiently(() => client.Get(id, cancel), cancel)).Id;
        if (selection.Tail is not null) await watch.Patiently(() => Catch(id, selection, write, cancel), cancel);
        while (!await Read(await watch.Patiently(() => client.LogEvents(id, _after, cancel), cancel), selection, write, cancel)) await Task.Delay(TaskWatch.Again, cancel);
    }

    private async Task<long> Catch(string id, LogSelection selection, Action<LogEntry> write, CancellationToken cancel)
    {
        // --tail 0 prints nothing, and yet begins behind what is there.
        var page = await client.Logs(id, selection.Tail == 0 ? new LogSelection(Tail: 1) : selection, 0, cancel);
        if (selection.Tail > 0) foreach (var entry in page.Entries) write(entry);
        return _after = page.NextAfter;
    }

    /// <returns>Whether the task has ended.</returns>
    private async Task<bool> Read(IAsyncEnumerable<SseItem<string>> events, LogSelection selection, Action<LogEntry> write, CancellationToken cancel)
    {
        try
        {
            await foreach (var item in events.WithCancellation(cancel))
            {
                if (item.EventType == "end") return true;
                if (item.EventType != "log" || JsonSerializer.Deserialize(item.Data, CliJson.Compact.LogEntry) is not { } entry || entry.Seq <= _after) continue;
                _after = entry.Seq;
                if (selection.Wants(entry)) write(entry);
            }
        }
        catch (Exception e) when (e is HttpIOException or HttpRequestException or IOException and not Output.ClosedPipeException && !cancel.IsCancellationRequested)
        {
            // Broken off in the middle: the next connection goes on behind the last line.
        }

        return false;
    }
}
