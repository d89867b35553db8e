using Ampx.Core.Secrecy;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Ampx.Silo.Hosting;

/// <summary>A console format as it is, without secrets: also those in exceptions, whoever wrote the line.</summary>
internal sealed class RedactedConsole(ConsoleFormatter format, Redactor redactor) : ConsoleFormatter(format.Name)
{
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        using var line = new StringWriter();
        format.Write(logEntry, scopeProvider, line);
        textWriter.Write(redactor.Mask(line.ToString()));
    }

    /// <summary>Puts it around each format that settings can choose.</summary>
    public static void Wrap(IServiceCollection services)
    {
        foreach (var format in services.Where(one => one.ServiceType == typeof(ConsoleFormatter) && one.ImplementationType is not null).ToList())
        {
            services.Remove(format);
            services.AddSingleton<ConsoleFormatter>(provider =>
                new RedactedConsole((ConsoleFormatter)ActivatorUtilities.CreateInstance(provider, format.ImplementationType!), provider.GetRequiredService<Redactor>()));
        }
    }
}
