using System.ComponentModel.DataAnnotations;

namespace Ampx.Silo.Telemetry;

/// <summary><c>Ampx:Telemetry</c>.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Where traces and metrics are sent, by OTLP: gRPC, or HTTP where the port is 4318 or there is a path. Without it nothing is traced.</summary>
    public Uri? OtlpEndpoint { get; set; }

    /// <summary><c>text</c>, or <c>json</c>: a line of JSON for each of the service's own log lines, with task and trace.</summary>
    [AllowedValues("text", "json")]
    public string LogFormat { get; set; } = "text";
}
