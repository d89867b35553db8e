using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Cocona;

namespace Ampx.Cli.Commands;

/// <summary>The options that every command has.</summary>
internal sealed record GlobalOptions(
    [Option("server", Description = "Address of the service (env AMPX_SERVER)", ValueName = "URL")] string? Server = null,
    [Option("token", Description = "API token (env AMPX_TOKEN)", ValueName = "TOKEN")] string? Token = null,
    [Option("json", Description = "Print one JSON document and nothing else")] bool Json = false,
    [Option("no-color", Description = "No colours (env NO_COLOR)")] bool NoColor = false) : ICommandParameterSet;

/// <summary>What a command works with: the service and the terminal.</summary>
internal sealed class Session : IDisposable
{
    private Session(GlobalOptions options)
    {
        Terminal = new Terminal(options.Json, options.NoColor, Environment.GetEnvironmentVariable);
        Client = new AmpxClient(Connection.Find(options.Server, options.Token, Folders.Real));
        Watch = new TaskWatch(Client, Clock);
    }

    public Terminal Terminal { get; }
    public AmpxClient Client { get; }
    public TaskWatch Watch { get; }
    public TimeProvider Clock { get; } = TimeProvider.System;
    public DateTimeOffset Now => Clock.GetUtcNow();

    public static Session Open(GlobalOptions options) => new(options);

    public void Dispose() => Client.Dispose();
}
