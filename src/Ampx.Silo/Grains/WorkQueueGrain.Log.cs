using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Grains;

public sealed partial class WorkQueueGrain
{
    [LoggerMessage(LogLevel.Warning, "task {Task}: couldn't be told that its worker is lost; trying again")]
    private partial void LogNotTold(string task, Exception exception);

    [LoggerMessage(LogLevel.Warning, "the index can't be read for tasks whose offer was lost; trying again")]
    private partial void LogNotLookedFor(Exception exception);

    [LoggerMessage(LogLevel.Warning, "the workers' signs of life can't be read; nobody is given up meanwhile")]
    private partial void LogUnread(Exception exception);
}
