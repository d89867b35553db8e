using Ampx.Silo.Hosting;
using Ampx.Silo.Storage;

namespace Ampx.Cli.Commands;

/// <summary>What a service is started with. <see cref="Overlay"/> has configuration keys (<c>Ampx:Agents:demo:Kind</c>) that go before all others.</summary>
/// <param name="Port">On 127.0.0.1; null = as configured.</param>
/// <param name="DataDirectory">Null = as configured.</param>
/// <param name="Quiet">Nothing of its log on the console.</param>
/// <param name="Migrated">Is told how many migrations of the database have run, and of how many, where it needs any.</param>
internal sealed record ServiceSettings(int? Port = null, string? DataDirectory = null, bool Quiet = false, IReadOnlyDictionary<string, string?>? Overlay = null, Action<int, int>? Migrated = null);

/// <summary>A service that runs in this process.</summary>
internal interface IRunningService : IAsyncDisposable
{
    /// <summary>Where it listens.</summary>
    Uri Url { get; }
    string DataDirectory { get; }

    /// <summary>The file with the token for it; null where many users have their own.</summary>
    string? TokenFile { get; }

    /// <summary>Agents at work now.</summary>
    int RunningAgents { get; }

    /// <summary>Completes when the service has ended, by itself or by <see cref="StopAsync"/>; fails if it broke.</summary>
    Task Completion { get; }

    /// <summary>Commands are heard there; false for a silo alone.</summary>
    bool HasApi { get; }

    /// <summary>An address that signs a browser in once; null where no gateway is.</summary>
    string? SignInLink();

    /// <summary>Stops. Agents stay under their supervisors unless <paramref name="stopAgents"/>, which may also be asked for while a first stop is under way.</summary>
    Task StopAsync(bool stopAgents);
}

/// <summary>Starts a service and returns once it is ready; a <see cref="CliError"/> says in one line why it can't.</summary>
internal delegate Task<IRunningService> StartService(ServiceSettings settings, CancellationToken cancel);

/// <summary>The one place where the CLI meets the service. Apart from the commands, so that <c>ls</c> never loads Orleans.</summary>
internal static class ServiceHost
{
    public static async Task<IRunningService> StartAsync(ServiceSettings settings, CancellationToken cancel)
    {
        var flags = new Dictionary<string, string?>(settings.Overlay ?? new Dictionary<string, string?>());
        if (settings.Port is { } port) flags["Ampx:Urls"] = $"http://127.0.0.1:{port}";
        if (settings.DataDirectory is { } data) flags["Ampx:DataDirectory"] = data;
        if (settings.Quiet) flags["Logging:LogLevel:Default"] = flags["Logging:LogLevel:Ampx"] = "None";
        try
        {
            return new Linked(await AmpxService.Start(flags, hearSignals: false, cancel, settings.Migrated is { } told ? new(told) : null));
        }
        catch (Exception refused) when (refused is StartException or StorageException)
        {
            throw CliError.Failed(refused.Message);
        }
    }

    private sealed class Linked(AmpxService service) : IRunningService
    {
        public Uri Url { get; } = new(service.Url);
        public string DataDirectory => service.DataDirectory;
        public string? TokenFile => service.TokenFile;
        public int RunningAgents => service.Running;
        public Task Completion { get; } = service.Completion;
        public bool HasApi => service.HasApi;
        public string? SignInLink() => service.SignInPath() is { } path ? new Uri(Url, path).ToString() : null;
        public Task StopAsync(bool stopAgents) => service.Stop(stopAgents);
        public ValueTask DisposeAsync() => service.DisposeAsync();
    }
}
