using Ampx.Core.Tasks;
using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Grains;

public sealed partial class TaskGrain
{
    [LoggerMessage(LogLevel.Information, "task {Task}: {From} -> {To}, version {Version}, {Cause}")]
    private partial void LogTransition(string task, Phase? from, Phase to, int version, string cause);

    [LoggerMessage(LogLevel.Information, "{Key}: removed")]
    private partial void LogRemoved(string key);

    [LoggerMessage(LogLevel.Debug, "{Key}: {News} of step {Step} came late, the task is at step {Current}")]
    private partial void LogStale(string key, string news, int step, int? current);

    [LoggerMessage(LogLevel.Warning, "{Key}: another activation has written; deciding again on what it wrote")]
    private partial void LogOvertaken(string key, Exception exception);

    [LoggerMessage(LogLevel.Debug, "{Key}: a hint was lost; the next wake-up makes up for it")]
    private partial void LogHintLost(string key, Exception exception);
}
