using System.Diagnostics;
using Ampx.Silo.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Ampx.Silo.Telemetry;

/// <summary>Metrics at <c>/metrics</c>, and with an OTLP endpoint traces and metrics there.</summary>
internal static class TelemetrySetup
{
    private const int OtlpOverHttp = 4318;

    /// <summary>Beside our own: Orleans', ASP.NET's, the runtime's, and those of calls to others.</summary>
    private static readonly string[] Meters =
        [Measures.Name, "Microsoft.Orleans", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime", "Npgsql"];

    public static void AddTelemetry(this WebApplicationBuilder builder, DataFolder folder)
    {
        var options = builder.Configuration.GetSection("Ampx:Telemetry").Get<TelemetryOptions>() ?? new();
        builder.Services.AddHostedService<TaskCounts>();
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("ampx", serviceVersion: typeof(TelemetrySetup).Assembly.GetName().Version?.ToString(3), autoGenerateServiceInstanceId: false, serviceInstanceId: folder.WorkerId))
            .WithMetrics(metrics => metrics.AddMeter(Meters).AddPrometheusExporter());
        if (options.OtlpEndpoint is { } endpoint)
            telemetry.WithTracing(Trace).UseOtlpExporter(endpoint.Port == OtlpOverHttp || endpoint.AbsolutePath.Length > 1 ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc, endpoint);
    }

    /// <summary>What is traced: requests but for probes, tasks, and the calls that are made for them.</summary>
    public static void Trace(TracerProviderBuilder traces) => traces
        .AddSource(Traces.Name)
        .AddAspNetCoreInstrumentation(requests => requests.Filter = http => !http.Request.Path.StartsWithSegments("/health") && http.Request.Path != "/metrics")
        // A watch looks at GitHub all the time, for no task in particular.
        .AddHttpClientInstrumentation(calls => calls.FilterHttpRequestMessage = _ => Activity.Current is { ParentSpanId: var parent } && parent != default);

    /// <summary>For Prometheus; anybody may read it: it names no task and no repository.</summary>
    public static void MapMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint("/metrics").AllowAnonymous();
}
