using System.Globalization;
using Ampx.Core.Logs;
using Ampx.Silo.Storage.Logs;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Storage;

public sealed class LogsOnPostgres() : LogTests(StorageFolder.OnPostgres())
{
    [Fact]
    public async Task Writers_of_two_processes_leave_no_gap_and_no_line_in_any_of_many_tasks()
    {
        using var other = Files.Open();
        await using var theirs = new LogWriter(other, Signals, TimeProvider.System, Trouble);
        await Task.WhenAll(new[] { Writer, theirs }.Select((writer, w) => Task.Run(() => Task.WhenAll(Enumerable.Range(0, 400).Select(async i =>
            Assert.True(await writer.Append(Chunk($"run-{w}-{i % 7}", i, i + 1, $"{w} {i}") with { TaskId = $"task-{i % 7}" })))))));

        for (var task = 0; task < 7; task++)
        {
            var entries = await Reader.Read($"task-{task}", new LogQuery(Limit: 1000), StorageFolder.Soon);
            Assert.Equal(Enumerable.Range(1, entries.Count).Select(n => (long)n), entries.Select(e => e.Seq));
            Assert.Equal(from w in Enumerable.Range(0, 2) from i in Enumerable.Range(0, 400) where i % 7 == task select $"{w} {i}",
                entries.Select(e => e.Text).OrderBy(text => text[0]).ThenBy(text => int.Parse(text[2..], CultureInfo.InvariantCulture)));
        }

        Assert.False(Trouble.Error.IsCompleted, "two writers waited for each other");
    }

    [Fact]
    public async Task A_process_that_freezes_in_a_transaction_keeps_its_locks_for_seconds_only()
    {
        using var frozen = Files.Open();
        await using var connection = await frozen.LogWriter.OpenConnectionAsync(StorageFolder.Soon);
        await using var transaction = await connection.BeginTransactionAsync(StorageFolder.Soon);
        await using var take = connection.CreateCommand();
        take.CommandText = "SELECT pg_advisory_xact_lock(731, hashtext('t'))";
        await take.ExecuteNonQueryAsync(StorageFolder.Soon);

        Assert.True(await Writer.Append(Chunk("run", 0, 1, "goes on")).AsTask().WaitAsync(TimeSpan.FromSeconds(40)));
    }
}

public sealed class LogsOnSqlite() : LogTests(new StorageFolder())
{
    [Fact]
    public async Task A_full_disk_holds_everyone_up_and_loses_nothing()
    {
        await Writer.Append(Chunk("run", 0, 1, "before"));
        await Limit(pages: 4);
        var waiting = Enumerable.Range(1, 40).Select(i => Writer.Append(Chunk("run", i, i + 1, $"{i} {new string('x', 4000)}")).AsTask()).ToList();
        await Trouble.Error.WaitAsync(TimeSpan.FromSeconds(20));
        for (var i = 0; i < 100; i++) Writer.Write("t", 1, "system", $"own {i}");
        Assert.DoesNotContain("own", string.Join(' ', await Texts(new LogQuery())), StringComparison.Ordinal);
        Assert.Contains(waiting, append => !append.IsCompleted);

        await Limit(pages: 100_000);
        Assert.All(await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(20)), Assert.True);
        await Writer.Flush(StorageFolder.Soon);
        var entries = await Reader.Read("t", new LogQuery(), StorageFolder.Soon);
        Assert.Equal(Enumerable.Range(1, 141).Select(n => (long)n), entries.Select(e => e.Seq));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"own {i}"), entries.Where(e => e.Source == "system").Select(e => e.Text));
    }

    private async Task Limit(int pages)
    {
        // The Writer has one lasting handle, so the limit stays with it.
        await using var connection = await Files.Database.LogWriter.OpenConnectionAsync();
        var now = await connection.ExecuteScalarAsync<int>("PRAGMA page_count");
        await connection.ExecuteAsync($"PRAGMA max_page_count = {now + pages}");
    }
}

public abstract class LogTests : IAsyncDisposable
{
    protected LogTests(StorageFolder files)
    {
        Files = files;
        Signals = new(files.Database.LogReaders, TimeProvider.System);
        (Reader, Writer) = (new LogReader(files.Database.LogReaders, Signals), NewWriter());
    }

    protected StorageFolder Files { get; }
    protected LogSignals Signals { get; }
    protected Told Trouble { get; } = new();
    protected LogReader Reader { get; }
    protected LogWriter Writer { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await Writer.DisposeAsync();
        Signals.Dispose();
        Files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Bytes_are_stored_once_whoever_sends_them_again()
    {
        Assert.True(await Writer.Append(Chunk("run", 0, 10, "one", "two")));
        Assert.False(await Writer.Append(Chunk("run", 0, 10, "one", "two")));
        Assert.True(await Writer.Append(Chunk("run", 10, 30, "three")));
        Assert.False(await Writer.Append(Chunk("run", 5, 40, "zombie")));
        Assert.True(await Writer.Append(Chunk("run", 30, 40)));
        Assert.True(await Writer.Append(Chunk("run", 40, 50, "")));
        Assert.True(await Writer.Append(Chunk("run", 0, 5, "oops") with { Stream = "err" }));

        Assert.Equal(["one", "two", "three", "", "oops"], await Texts(new LogQuery()));
        Assert.Equal((50, 5, 0), (await Largest("run", "out"), await Largest("run", "err"), await Largest("other", "out")));
    }

    [Fact]
    public async Task After_a_restart_a_follower_goes_on_where_the_store_ends()
    {
        await Writer.Append(Chunk("run", 0, 10, "one"));
        Writer.Write("t", 1, "system", "bye");
        await Writer.DisposeAsync();
        Writer = NewWriter();
        Assert.True(await Writer.Append(Chunk("run", await Largest("run", "out"), 20, "two")));
        Assert.Equal(["one", "bye", "two"], await Texts(new LogQuery()));
    }

    [Fact]
    public async Task Four_writers_at_once_leave_no_gap_in_the_sequence()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                if (i % 10 == 0) Writer.Write("t", 1, "git", $"own {w} {i}");
                Assert.True(await Writer.Append(Chunk($"run{w}", i * 10, (i * 10) + 10, [.. Enumerable.Range(0, i % 3).Select(n => $"{w} {i} {n}")])));
            }
        })));
        await Writer.Flush(StorageFolder.Soon);

        var entries = await Reader.Read("t", new LogQuery(Limit: 10_000), StorageFolder.Soon);
        Assert.Equal(Enumerable.Range(1, 4 * (199 + 20)).Select(n => (long)n), entries.Select(e => e.Seq));
        for (var w = 0; w < 4; w++)
            Assert.Equal(from i in Enumerable.Range(0, 200) from n in Enumerable.Range(0, i % 3) select $"{w} {i} {n}", entries.Where(e => e.Text.StartsWith($"{w} ", StringComparison.Ordinal)).Select(e => e.Text));
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
        await Writer.Append(Chunk("run", 0, 10, "a1", "a2", "a3"));
        await Writer.Append(Chunk("run", 10, 20, "c1", "c2") with { Source = "ci", Attempt = 2, Time = StorageFolder.Start.AddMinutes(5) });
        await Writer.Append(Chunk("run", 20, 30, "a4\0", "a5\nafter a line feed"));
        await Writer.Append(Chunk("else", 0, 10, "another task") with { TaskId = "u" });

        Assert.Equal(["a1", "a2"], await Texts(new LogQuery(Limit: 2)));
        Assert.Equal(["a3", "c1"], await Texts(new LogQuery(After: 2, Limit: 2)));
        Assert.Equal(["c1", "c2"], await Texts(new LogQuery(Sources: ["ci", "git"])));
        Assert.Empty(await Texts(new LogQuery(Sources: [])));
        Assert.Equal(["c1", "c2"], await Texts(new LogQuery(Attempt: 2)));
        Assert.Equal(["c1", "c2"], await Texts(new LogQuery(Since: StorageFolder.Start.AddMinutes(1))));
        Assert.Equal(["c2", "a4\u2400", "a5", "after a line feed"], await Texts(new LogQuery(Tail: 4)));
        Assert.Equal(["a3", "a4\u2400"], await Texts(new LogQuery(Tail: 4, Limit: 2, Sources: ["agent"])));
        Assert.Empty(await Texts(new LogQuery(Tail: 0)));
        Assert.Equal(new LogEntry(4, StorageFolder.Start.AddMinutes(5), "ci", 2, "out", "c1"), (await Reader.Read("t", new LogQuery(After: 3, Limit: 1), StorageFolder.Soon)).Single());

        await Writer.Delete("t", StorageFolder.Soon);
        Assert.Empty(await Texts(new LogQuery()));
        Assert.Single(await Reader.Read("u", new LogQuery(), StorageFolder.Soon));
    }

    [Fact]
    public async Task Followers_hear_at_once_of_lines_that_this_process_wrote()
    {
        var time = new FakeTimeProvider();
        using var still = new LogSignals(Files.Database.LogReaders, time);
        var hint = still.Changed("t", 0, StorageFolder.Soon);
        Assert.False(hint.IsCompleted);
        still.Raise("t", 3);
        await hint.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.True(still.Changed("t", 2, StorageFolder.Soon).IsCompleted, "written between the reading and the call");
        Assert.False(still.Changed("t", 3, StorageFolder.Soon).IsCompleted);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => still.Changed("t", 3, new CancellationToken(true)));
    }

    [Fact]
    public async Task Lines_of_another_process_are_found_by_one_query_for_all_followed_tasks()
    {
        var (time, readers) = (new FakeTimeProvider(), new CountedReaders(Files.Database.LogReaders));
        using var here = new LogSignals(readers, time);
        for (var i = 0; i < 50; i++) await Writer.Append(Chunk($"run{i}", 0, 10, "one", "two") with { TaskId = $"task-{i}" });
        var behind = Enumerable.Range(0, 50).Select(i => here.Changed($"task-{i}", 1, StorageFolder.Soon)).ToList();
        var level = Enumerable.Range(0, 50).Select(i => here.Changed($"task-{i}", 2, StorageFolder.Soon)).ToList();
        var none = here.Changed("nothing", 0, StorageFolder.Soon);
        time.Advance(TimeSpan.FromMilliseconds(100));
        await Task.WhenAll(behind).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(1, readers.Opened);
        Assert.False(none.IsCompleted);

        var again = Enumerable.Range(0, 50).Select(i => here.Changed($"task-{i}", 2, StorageFolder.Soon)).ToList();
        await Writer.Append(Chunk("run7", 10, 20, "three") with { TaskId = "task-7" });
        await EndToEnd.Stage.Until(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            return Task.FromResult(again[7].IsCompletedSuccessfully);
        }, "the line is found");
        Assert.Equal(49, again.Count(task => !task.IsCompleted));
    }

    [Fact]
    public async Task Nobody_waits_for_nothing_looks()
    {
        var (time, readers) = (new FakeTimeProvider(), new CountedReaders(Files.Database.LogReaders));
        using var here = new LogSignals(readers, time);
        using var gone = new CancellationTokenSource();
        var waits = here.Changed("t", 0, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        for (var i = 0; i < 20; i++) time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(0, readers.Opened);
    }

    private LogWriter NewWriter() => new(Files.Database, Signals, TimeProvider.System, Trouble);

    protected static LogChunk Chunk(string run, long from, long to, params string[] lines) => new("t", 1, "agent", run, "out", from, to, lines, StorageFolder.Start);

    protected async Task<IEnumerable<string>> Texts(LogQuery query) => (await Reader.Read("t", query, StorageFolder.Soon)).Select(e => e.Text);

    private Task<long> Largest(string run, string stream) => Writer.LargestByte(run, stream, StorageFolder.Soon);

    protected sealed class Told : ILogger<LogWriter>
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
