using Ampx.Core.Secrecy;
using Ampx.Silo.Telemetry;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Storage.Logs;

/// <summary>
/// Stores log lines: whatever waits goes into one transaction, and what can't be stored (a full disk) is tried again until it can.
/// Callers of <see cref="Append"/> wait meanwhile, their bytes are safe in the run's file; <see cref="Write"/> never waits.
/// </summary>
public sealed partial class LogWriter : IAsyncDisposable, IDisposable
{
    private const int MostChunks = 256;
    private const int MostOwnCharacters = 4 * 1024 * 1024;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(3);

    private readonly Database database;
    private readonly LogSignals signals;
    private readonly TimeProvider clock;
    private readonly ILogger<LogWriter> log;
    private readonly Redactor redactor;
    private readonly Lock waiting = new();
    private readonly Queue<Waiting> chunks = new();
    private readonly OwnLines own = new(MostOwnCharacters);
    private readonly SemaphoreSlim wake = new(0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;
    private List<TaskCompletionSource> flushes = [];
    private bool closing;
    private volatile bool stuck;

    /// <summary>Starts to write.</summary>
    public LogWriter(Database database, LogSignals signals, TimeProvider clock, ILogger<LogWriter> log, Redactor? redactor = null)
    {
        (this.database, this.signals, this.clock, this.log) = (database, signals, clock, log);
        this.redactor = redactor ?? new();
        loop = Task.Run(Run);
    }

    /// <summary>Stores a piece of a run's output; completes when it is on the disk, however long the disk is full.</summary>
    /// <returns>False: these bytes are stored already. Go on at <see cref="LargestByte"/>.</returns>
    public ValueTask<bool> Append(LogChunk chunk, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(chunk.ByteTo, chunk.ByteFrom);
        var item = new Waiting(LogRow.Of(chunk.TaskId, chunk.Attempt, chunk.Source, chunk.Stream, chunk.Time, chunk.Lines, chunk),
            new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (waiting)
        {
            ObjectDisposedException.ThrowIf(closing, this);
            chunks.Enqueue(item);
        }

        wake.Release();
        return new(item.Done.Task.WaitAsync(cancel));
    }

    /// <summary>Notes lines of Ampx's own (<paramref name="source"/> git, ci or system); several when <paramref name="text"/> has line feeds, without secrets. Returns at once.</summary>
    public void Write(string taskId, int attempt, string source, string text)
    {
        text = redactor.Mask(text);
        lock (waiting)
        {
            if (closing) return;
            own.Add(taskId, attempt, source, text, clock.GetUtcNow());
        }

        wake.Release();
    }

    /// <summary>Completes when everything that was given to <see cref="Write"/> before is on the disk.</summary>
    public Task Flush(CancellationToken cancel)
    {
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (waiting)
        {
            if (closing) return Task.CompletedTask;
            flushes.Add(stored);
        }

        wake.Release();
        return stored.Task.WaitAsync(cancel);
    }

    /// <summary>Where a follower of a run's file goes on: the offset after the last byte stored, 0 for none.</summary>
    public Task<long> LargestByte(string runId, string stream, CancellationToken cancel) => LogTable.Largest(database.LogReaders, runId, stream, cancel);

    /// <summary>Removes a task's lines.</summary>
    public Task Delete(string taskId, CancellationToken cancel) => Task.Run(() => LogTable.Delete(database.LogWriter, taskId, cancel), cancel);

    /// <summary>Stores what waits, but doesn't wait long for a database that hangs, and hardly for one that has refused already: a full disk, a server that is away.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (waiting)
        {
            if (closing) return;
            closing = true;
        }

        wake.Release();
        await Task.WhenAny(loop, Task.Delay(stuck ? RetryDelay * 2 : Goodbye, clock));
        await stop.CancelAsync();
        await loop;
        stop.Dispose();
        wake.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task Run()
    {
        try
        {
            while (true)
            {
                // Each thing given has released once, so there are never fewer turns here than batches.
                await wake.WaitAsync(stop.Token);
                if (Take() is { } batch) await Store(batch);
                else if (closing) return;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            while (Take() is { } batch) batch.Cancel();
        }
    }

    private Batch? Take()
    {
        lock (waiting)
        {
            if (chunks.Count == 0 && flushes.Count == 0 && !own.Any) return null;
            var ownRows = own.Take(clock.GetUtcNow());
            var runs = new List<Waiting>();
            while (runs.Count < MostChunks && chunks.TryDequeue(out var chunk)) runs.Add(chunk);
            var batch = new Batch(ownRows, runs, flushes);
            flushes = [];
            return batch;
        }
    }

    private async Task Store(Batch batch)
    {
        LogRow[] rows = [.. batch.Own, .. batch.Runs.Select(run => run.Row)];
        long?[] seqs;
        for (var failures = 0; ; failures++)
        {
            try
            {
                seqs = await LogTable.Store(database, rows, stop.Token);
                if (failures > 0) Recovered(rows.Length);
                stuck = false;
                break;
            }
            catch (Exception problem) when (!stop.IsCancellationRequested)
            {
                if (failures == 0) Stuck(problem, rows.Length);
                stuck = true;
            }
            catch
            {
                batch.Cancel();
                throw new OperationCanceledException(stop.Token);
            }

            await Pause(batch);
        }

        foreach (var source in rows.GroupBy(row => row.Source)) Measures.LogStored(source.Key, source.Sum(row => row.Count));
        foreach (var task in rows.Zip(seqs).Where(stored => stored.Second is not null).GroupBy(stored => stored.First.TaskId))
            signals.Raise(task.Key, task.Max(stored => stored.Second!.Value));
        for (var i = 0; i < batch.Runs.Count; i++) batch.Runs[i].Done.TrySetResult(seqs[batch.Own.Count + i] is not null);
        foreach (var flush in batch.Flushes) flush.TrySetResult();
    }

    private async Task Pause(Batch batch)
    {
        try
        {
            await Task.Delay(RetryDelay, clock, stop.Token);
        }
        catch (OperationCanceledException)
        {
            batch.Cancel();
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Log lines can't be stored ({Rows} chunks wait); agents go on, their output stays in their run files until this works again")]
    private partial void Stuck(Exception problem, int rows);

    [LoggerMessage(Level = LogLevel.Information, Message = "Log lines are stored again ({Rows} chunks had waited)")]
    private partial void Recovered(int rows);

    private sealed record Waiting(LogRow Row, TaskCompletionSource<bool> Done);

    private sealed record Batch(List<LogRow> Own, List<Waiting> Runs, List<TaskCompletionSource> Flushes)
    {
        public void Cancel()
        {
            foreach (var run in Runs) run.Done.TrySetCanceled();
            foreach (var flush in Flushes) flush.TrySetCanceled();
        }
    }
}
