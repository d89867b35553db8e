using Microsoft.Extensions.Logging;

namespace Ampx.Gateway;

internal sealed partial class Problems
{
    [LoggerMessage(LogLevel.Error, "{Method} {Path} failed unexpectedly (trace {TraceId})")]
    private partial void LogUnexpected(Exception exception, string method, string path, string traceId);
}
