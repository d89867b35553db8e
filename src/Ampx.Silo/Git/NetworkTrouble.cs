using Polly;
using Polly.Retry;

namespace Ampx.Silo.Git;

/// <summary>Short hiccups on the way to a remote: which words tell of one, and how they are ridden out.</summary>
internal static class NetworkTrouble
{
    private static readonly string[] Words =
    [
        "Could not resolve host", "Temporary failure in name resolution", "Connection timed out", "Connection refused", "Connection reset",
        "Operation timed out", "Operation too slow", "Failed to connect", "Couldn't connect", "Network is unreachable", "No route to host",
        "early EOF", "RPC failed", "unexpected disconnect", "hung up unexpectedly", "Empty reply from server", "Recv failure", "Send failure",
        "SSL_ERROR_SYSCALL", "gnutls_handshake() failed", "TLS connection was non-properly terminated", "error: 429", "error: 500", "error: 502",
        "error: 503", "error: 504", "kex_exchange_identification", "Broken pipe",
    ];

    public static bool IsIn(string errors) => Words.Any(w => errors.Contains(w, StringComparison.OrdinalIgnoreCase));

    /// <summary>Three retries within some seconds; only for a passing cause.</summary>
    public static ResiliencePipeline Retries(TimeProvider time, TimeSpan? firstDelay = null) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<GitException>(e => e.Passing && e.ExitCode != GitException.TimedOut),
                MaxRetryAttempts = 3,
                Delay = firstDelay ?? TimeSpan.FromMilliseconds(500),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            })
            .Build();
}
