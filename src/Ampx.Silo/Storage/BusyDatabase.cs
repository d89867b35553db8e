using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Polly;
using Polly.Retry;

namespace Ampx.Silo.Storage;

/// <summary>
/// Waits out a database that another program (a backup, a curious person's sqlite3) holds for some seconds, or that is just being started again. SQLite's own wait blocks a
/// thread, so it is short; the rest is waited for here, without one.
/// </summary>
public static class BusyDatabase
{
    private const int Busy = 5;
    private const int Locked = 6;

    /// <summary>Tries for about ten seconds; any other failure, a version conflict above all, goes straight through.</summary>
    public static ResiliencePipeline Pipeline(TimeProvider clock) => new ResiliencePipelineBuilder { TimeProvider = clock }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = outcome => ValueTask.FromResult(IsBusy(outcome.Outcome.Exception)),
            MaxRetryAttempts = 5,
            Delay = TimeSpan.FromMilliseconds(100),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .Build();

    /// <summary>For a grain: each try runs in its turn. Without that the second one is refused by Orleans, wherever Polly's pause has ended.</summary>
    public static async Task InTurn(this ResiliencePipeline pipeline, Func<CancellationToken, Task> work)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true);
        try
        {
            await pipeline.ExecuteAsync(async (tried, wanted) => await wanted(tried.CancellationToken), context, work);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private static bool IsBusy(Exception? failure) =>
        failure is SqliteException { SqliteErrorCode: Busy or Locked } or DbException { IsTransient: true } or SocketException || (failure?.InnerException is { } inner && IsBusy(inner));
}
