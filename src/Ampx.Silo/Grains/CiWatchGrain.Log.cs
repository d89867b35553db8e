using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Grains;

public sealed partial class CiWatchGrain
{
    [LoggerMessage(LogLevel.Information, "{Key}: waiting: {Why}")]
    private partial void LogLimited(string key, string why);

    [LoggerMessage(LogLevel.Warning, "{Key}: the runs couldn't be listed; the next look tries again")]
    private partial void LogListingFailed(string key, Exception exception);

    [LoggerMessage(LogLevel.Warning, "{Key}: who waits couldn't be read; the next look tries again")]
    private partial void LogRoundFailed(string key, Exception exception);

    [LoggerMessage(LogLevel.Warning, "task {Task}: CI couldn't be read; the next look tries again")]
    private partial void LogLookFailed(string task, Exception exception);

    [LoggerMessage(LogLevel.Debug, "task {Task}: CI's jobs couldn't be counted for who watches")]
    private partial void LogNotCounted(string task, Exception exception);

    [LoggerMessage(LogLevel.Warning, "task {Task}: {News} couldn't be told; the next look tries again")]
    private partial void LogUnheard(string task, string news, Exception exception);
}
