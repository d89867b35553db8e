using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Ampx.Silo.Admin;
using Ampx.Silo.Storage.Logs;
using Ampx.Tests.Storage;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Admin;

public sealed class LogRetentionOnSqlite() : LogRetentionTests(new StorageFolder());

public sealed class LogRetentionOnPostgres() : LogRetentionTests(StorageFolder.OnPostgres());

public abstract class LogRetentionTests : IDisposable
{
    private readonly StorageFolder files;
    private readonly FakeTimeProvider time = new(StorageFolder.Start);
    private readonly LogSignals signals;
    private readonly LogRetention retention;

    protected LogRetentionTests(StorageFolder files) =>
        (this.files, signals, retention) = (files, new(files.Database.LogReaders, TimeProvider.System), new LogRetention(files.Database, Options.Create(new LogOptions()), time));

    public void Dispose()
    {
        signals.Dispose();
        files.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_log_of_a_task_that_ended_long_ago_goes_and_says_so_and_all_others_stay()
    {
        var (old, young, at) = (await Task(ended: 0), await Task(ended: 2), await Task(ended: null));
        foreach (var id in new[] { old, young, at }) await Write(id, 450);
        time.Advance(TimeSpan.FromDays(31));

        Assert.Equal(1, await retention.Sweep(StorageFolder.Soon));
        var left = Assert.Single(await Read(old));
        Assert.Equal((451L, "system"), (left.Seq, left.Source));
        Assert.Contains("30 days", left.Text, StringComparison.Ordinal);
        Assert.Equal((450, 450), ((await Read(young)).Count, (await Read(at)).Count));
        Assert.Equal(0, await retention.Sweep(StorageFolder.Soon));
        Assert.Equal(left, Assert.Single(await Read(old)));
    }

    [Fact]
    public async Task A_time_under_an_hour_is_told_in_minutes()
    {
        var old = await Task(ended: 0);
        await Write(old, 3);
        time.Advance(TimeSpan.FromHours(2));
        var soon = new LogRetention(files.Database, Options.Create(new LogOptions { RetainFor = TimeSpan.FromMinutes(20) }), time);
        Assert.Equal(1, await soon.Sweep(StorageFolder.Soon));
        Assert.Contains("more than 20 minutes before", Assert.Single(await Read(old)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_sweeps_at_once_leave_no_more_than_lines_that_say_so()
    {
        var old = await Task(ended: 0);
        await Write(old, 450);
        time.Advance(TimeSpan.FromDays(31));
        await System.Threading.Tasks.Task.WhenAll(retention.Sweep(StorageFolder.Soon), retention.Sweep(StorageFolder.Soon));
        Assert.All(await Read(old), entry => Assert.Equal("system", entry.Source));
        Assert.NotEmpty(await Read(old));
    }

    [Fact]
    public async Task More_rows_and_more_tasks_than_are_looked_at_at_once_go_all_the_same()
    {
        var big = await Task(ended: 0);
        await WriteRows(big, 450);
        var many = new List<string>();
        for (var n = 0; n < 210; n++) many.Add(await Task(ended: n % 2 == 0 ? 0 : 2));
        foreach (var id in many) await WriteRows(id, 1);
        time.Advance(TimeSpan.FromDays(31));

        Assert.Equal(106, await retention.Sweep(StorageFolder.Soon));
        Assert.Equal(451L, Assert.Single(await Read(big)).Seq);
        foreach (var (id, n) in many.Select((id, n) => (id, n))) Assert.Equal(n % 2 == 0 ? "system" : "agent", Assert.Single(await Read(id)).Source);
        Assert.Equal(0, await retention.Sweep(StorageFolder.Soon));
    }

    [Fact]
    public async Task What_a_sweep_that_was_killed_has_left_goes_with_the_next()
    {
        var old = await Task(ended: 0);
        await WriteRows(old, 450);
        time.Advance(TimeSpan.FromDays(31));
        await retention.Sweep(StorageFolder.Soon);
        // As if it had got no further than the first page.
        await WriteRows(old, 250);
        Assert.Equal(1, await retention.Sweep(StorageFolder.Soon));
        Assert.Equal((452L, "system"), (Assert.Single(await Read(old)).Seq, (await Read(old))[0].Source));
    }

    private async Task<string> Task(int? ended)
    {
        var task = StorageFolder.NewTask(Ulid.NewUlid(StorageFolder.Start).ToString());
        await files.Save(ended is { } days ? task with { Phase = Phase.Done, Status = Status.Success, FinishedAt = StorageFolder.Start.AddDays(days) } : task);
        return task.Id;
    }

    private async Task Write(string taskId, int lines)
    {
        await using var writer = new LogWriter(files.Database, signals, TimeProvider.System, NullLogger<LogWriter>.Instance);
        for (var line = 0; line < lines; line++) writer.Write(taskId, 1, "agent", $"line {line}");
        await writer.Flush(StorageFolder.Soon);
    }

    /// <summary>A line each in a row of its own.</summary>
    private async Task WriteRows(string taskId, int rows)
    {
        await using var connection = await files.Database.LogWriter.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync(
            "INSERT INTO log_chunk (task_id, first_seq, last_seq, attempt, source, stream, time, lines) VALUES (@taskId, @seq, @seq, 1, 'agent', 'out', 0, 'a line')",
            Enumerable.Range(1, rows).Select(seq => new { taskId, seq = (long)seq }), transaction);
        await transaction.CommitAsync();
    }

    private Task<IReadOnlyList<LogEntry>> Read(string taskId) => new LogReader(files.Database.LogReaders, signals).Read(taskId, new LogQuery(), StorageFolder.Soon);
}
