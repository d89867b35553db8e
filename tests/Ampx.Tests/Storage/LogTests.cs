using Ampx.Core.Logs;
using Ampx.Silo.Storage.Logs;
using Dapper;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Ampx.Tests.Storage;

public sealed class LogTests : IAsyncDisposable
{
    private readonly StorageFolder files = new();
    private readonly LogSignals signals = new(TimeProvider.System);
    private readonly Told told = new();
    private readonly LogReader reader;
    private LogWriter writer;

    public LogTests() => (reader, writer) = (new LogReader(files.Sqlite.LogReaders, signals), NewWriter());

    public async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        signals.Dispose();
        files.Dispose();
    }

    [Fact]
    public async Task Bytes_are_stored_once_whoever_sends_them_again()
    {
        Assert.True(await writer.Append(Chunk("run", 0, 10, "one", "two")));
        Assert.False(await writer.Append(Chunk("run", 0, 10, "one", "two")));
        Assert.True(await writer.Append(Chunk("run", 10, 30, "three")));
        Assert.False(await writer.Append(Chunk("run", 5, 40, "zombie")));
        Assert.True(await writer.Append(Chunk("run", 30, 40)));
        Assert.True(await writer.Append(Chunk("run", 40, 50, "")));
        Assert.True(await writer.Append(Chunk("run", 0, 5, "oops") with { Stream = "err" }));

        Assert.Equal(["one", "two", "three", "", "oops"], await Texts(new LogQuery()));
        Assert.Equal((50, 5, 0), (await Largest("run", "out"), await Largest("run", "err"), await Largest("other", "out")));
    }

    [Fact]
    public async Task After_a_restart_a_follower_goes_on_where_the_store_ends()
    {
        await writer.Append(Chunk("run", 0, 10, "one"));
        writer.Write("t", 1, "system", "bye");
        await writer.DisposeAsync();
        writer = NewWriter();
        Assert.True(await writer.Append(Chunk("run", await Largest("run", "out"), 20, "two")));
        Assert.Equal(["one", "bye", "two"], await Texts(new LogQuery()));
    }

    [Fact]
    public async Task Four_writers_at_once_leave_no_gap_in_the_sequence()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                if (i % 10 == 0) writer.Write("t", 1, "git", $"own {w} {i}");
                Assert.True(await writer.Append(Chunk($"run{w}", i * 10, (i * 10) + 10, [.. Enumerable.Range(0, i % 3).Select(n => $"{w} {i} {n}")])));
            }
        })));
        await writer.Flush(StorageFolder.Soon);

        var entries = await reader.Read("t", new LogQuery(Limit: 10_000), StorageFolder.Soon);
        Assert.Equal(Enumerable.Range(1, 4 * (199 + 20)).Select(n => (long)n), entries.Select(e => e.Seq));
        for (var w = 0; w < 4; w++)
            Assert.Equal(from i in Enumerable.Range(0, 200) from n in Enumerable.Range(0, i % 3) select $"{w} {i} {n}", entries.Where(e => e.Text.StartsWith($"{w} ", StringComparison.Ordinal)).Select(e => e.Text));
    }

    [Fact]
    public async Task A_full_disk_holds_everyone_up_and_loses_nothing()
    {
        await writer.Append(Chunk("run", 0, 1, "before"));
        await Limit(pages: 4);
        var waiting = Enumerable.Range(1, 40).Select(i => writer.Append(Chunk("run", i, i + 1, $"{i} {new string('x', 4000)}")).AsTask()).ToList();
        await told.Error.WaitAsync(TimeSpan.FromSeconds(20));
        for (var i = 0; i < 100; i++) writer.Write("t", 1, "system", $"own {i}");
        Assert.DoesNotContain("own", string.Join(' ', await Texts(new LogQuery())), StringComparison.Ordinal);
        Assert.Contains(waiting, append => !append.IsCompleted);

        await Limit(pages: 100_000);
        Assert.All(await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20)), Assert.True);
        await writer.Flush(StorageFolder.Soon);
        var entries = await reader.Read("t", new LogQuery(), StorageFolder.Soon);
        Assert.Equal(Enumerable.Range(1, 141).Select(n => (long)n), entries.Select(e => e.Seq));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"own {i}"), entries.Where(e => e.Source == "system").Select(e => e.Text));
    }

    [Fact]
    public void Own_lines_beyond_the_bound_are_counted_and_told()
    {
        var own = new OwnLines(bound: 20);
        own.Add("t", 2, "git", "0123456789\r\nabcdefgh\n", StorageFolder.Start);
        own.Add("t", 2, "git", "too\nmuch", StorageFolder.Start);
        var rows = own.Take(StorageFolder.Start);
        Assert.Equal(["0123456789\nabcdefgh", "2 lines of Ampx's own are missing here: the log could not be written"], rows.Select(r => r.Lines));
        Assert.False(own.Any);
        own.Add("t", 2, "git", "again", StorageFolder.Start);
        own.Add("t", 3, "git", "next attempt", StorageFolder.Start);
        Assert.Equal(2, own.Take(StorageFolder.Start).Count);
    }

    [Fact]
    public async Task Pages_filters_and_tails()
    {
        await writer.Append(Chunk("run", 0, 10, "a1", "a2", "a3"));
        await writer.Append(Chunk("run", 10, 20, "c1", "c2") with { Source = "ci", Attempt = 2, Time = StorageFolder.Start.AddMinutes(5) });
        await writer.Append(Chunk("run", 20, 30, "a4\0", "a5\nafter a line feed"));
        await writer.Append(Chunk("else", 0, 10, "another task") with { TaskId = "u" });

        Assert.Equal(["a1", "a2"], await Texts(new LogQuery(Limit: 2)));
        Assert.Equal(["a3", "c1"], await Texts(new LogQuery(After: 2, Limit: 2)));
        Assert.Equal(["c1", "c2"], await Texts(new LogQuery(Sources: ["ci", "git"])));
        Assert.Empty(await Texts(new LogQuery(Sources: [])));
        Assert.Equal(["c1", "c2"], await Texts(new LogQuery(Attempt: 2)));
        Assert.Equal(["c1", "c2"], await Texts(new LogQuery(Since: StorageFolder.Start.AddMinutes(1))));
        Assert.Equal(["c2", "a4\u2400", "a5", "after a line feed"], await Texts(new LogQuery(Tail: 4)));
        Assert.Equal(["a3", "a4\u2400"], await Texts(new LogQuery(Tail: 4, Limit: 2, Sources: ["agent"])));
        Assert.Empty(await Texts(new LogQuery(Tail: 0)));
        Assert.Equal(new LogEntry(4, StorageFolder.Start.AddMinutes(5), "ci", 2, "out", "c1"), (await reader.Read("t", new LogQuery(After: 3, Limit: 1), StorageFolder.Soon)).Single());

        await writer.Delete("t", StorageFolder.Soon);
        Assert.Empty(await Texts(new LogQuery()));
        Assert.Single(await reader.Read("u", new LogQuery(), StorageFolder.Soon));
    }

    [Fact]
    public async Task Followers_hear_of_new_lines_at_once_and_wake_now_and_then_anyway()
    {
        var still = new LogSignals(new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        Assert.True(still.Changed("t", 0, StorageFolder.Soon).IsCompleted, "the first look is free");
        var hint = still.Changed("t", 0, StorageFolder.Soon);
        Assert.False(hint.IsCompleted);
        still.Raise("t", 3);
        await hint.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(still.Changed("t", 2, StorageFolder.Soon).IsCompleted, "written between the reading and the call");
        Assert.False(still.Changed("t", 3, StorageFolder.Soon).IsCompleted);

        await reader.Changed("t", 0, StorageFolder.Soon);
        await reader.Changed("t", 0, StorageFolder.Soon).WaitAsync(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => still.Changed("t", 3, new CancellationToken(true)));
    }

    private LogWriter NewWriter() => new(files.Sqlite.LogWriter, files.Sqlite.LogReaders, signals, TimeProvider.System, told);

    private static LogChunk Chunk(string run, long from, long to, params string[] lines) => new("t", 1, "agent", run, "out", from, to, lines, StorageFolder.Start);

    private async Task<IEnumerable<string>> Texts(LogQuery query) => (await reader.Read("t", query, StorageFolder.Soon)).Select(e => e.Text);

    private Task<long> Largest(string run, string stream) => writer.LargestByte(run, stream, StorageFolder.Soon);

    private async Task Limit(int pages)
    {
        // The writer has one lasting handle, so the limit stays with it.
        await using var connection = await files.Sqlite.LogWriter.OpenConnectionAsync();
        var now = await connection.ExecuteScalarAsync<int>("PRAGMA page_count");
        await connection.ExecuteAsync($"PRAGMA max_page_count = {now + pages}");
    }

    private sealed class Told : ILogger<LogWriter>
    {
        private readonly TaskCompletionSource error = new();

        public Task Error => error.Task;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel is LogLevel.Error) error.TrySetResult();
        }
    }
}
