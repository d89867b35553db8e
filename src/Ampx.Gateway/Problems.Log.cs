using Microsoft.Extensions.Logging;

namespace Ampx.Gateway;

internal sealed partial class Problems
{
    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed unexpectedly (trace {TraceId})")]
    private partial void LogUnexpected(Exception exception, string method, string path, string traceId);

    [LoggerMessage(LogLevel.Warning, "{Method} {Path} (trace {Trace}): database or silos can't be reached: {Why}")]
    private partial void LogAway(string method, string path, string trace, string why);
}
