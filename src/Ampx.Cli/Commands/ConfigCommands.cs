using Ampx.Cli.Commands.Help;
using Ampx.Cli.Connecting;
using Ampx.Cli.Output;
using Cocona;

namespace Ampx.Cli.Commands;

/// <summary>The name before the commands on the CLI's own settings.</summary>
[HasSubCommands(typeof(ConfigCommands), Name, Description = "This program's own settings: the server that it talks to, and the token for it")]
internal sealed class ConfigGroup
{
    public const string Name = "config";
}

internal sealed class ConfigCommands(Interrupt interrupt)
{
    private readonly ConfigFile _file = new(Folders.Real.Config);

    [Command("get", Description = "Print one setting; exit 1 if it isn't set")]
    [Example("ampx config get server", "Prints the kept address")]
    public int Get([Argument("key", Description = "server or token")] string key, GlobalOptions options = null!)
    {
        var value = Value(_file.Read(), Known(key)) ?? throw CliError.Failed($"'{key}' is not set in {_file.Path}.", $"ampx config set {key} …");
        if (options.Json) Terminal.Json(new Dictionary<string, string> { [key] = value }, json => json.DictionaryStringString);
        else Terminal.Line(Plain.Line(value));
        return ExitCode.Done;
    }

    [Command("set", Description = "Keep a setting; without a value it is forgotten")]
    [Details("A token is for one server: where another server is set, the kept token is forgotten. '-' as the value reads it from stdin, so that a token is in nobody's list of processes.")]
    [Example("ampx config set server https://ampx.example.com", "Every command talks to this server from now on")]
    [Example("echo \"$TOKEN\" | ampx config set token -", "As 'ampx login' does, for scripts")]
    [Example("ampx config set server", "Back to the service on this machine")]
    public async Task<int> Set(
        [Argument("key", Description = "server or token")] string key,
        [Argument("value", Description = "Its value; - reads it from stdin")] string? value = null,
        GlobalOptions options = null!)
    {
        Known(key);
        if (value == "-") value = await Console.In.ReadToEndAsync(interrupt.Token);
        value = string.IsNullOrWhiteSpace(value) ? null : value.Trim();
        if (value is not null && value.Any(char.IsControl)) throw CliError.Usage($"The value of '{key}' is one line.");
        var old = _file.Read();
        var config = key == "token" ? old with { Token = value } : WithServer(old, value);
        if (key == "token" && value is not null && old.Server is null) Terminal.Say($"No server is set: the token is for {Connection.DefaultUrl}.");
        _file.Write(config);
        if (options.Json) Terminal.Json(Shown(config), json => json.DictionaryStringString);
        return ExitCode.Done;
    }

    [Command("list", Aliases = ["ls"], Description = "Print all settings, the token only as its beginning")]
    [Example("ampx config list", "What is kept, a line each")]
    public int List(GlobalOptions options = null!)
    {
        var shown = Shown(_file.Read());
        if (options.Json) Terminal.Json(shown, json => json.DictionaryStringString);
        else if (shown.Count == 0) Terminal.Say($"Nothing is set in {_file.Path}; commands talk to the service on this machine.");
        else foreach (var (key, value) in shown) Terminal.Line($"{key}={Plain.Line(value)}");
        return ExitCode.Done;
    }

    // A token is shown to no other server than the one that it was kept for.
    private static CliConfig WithServer(CliConfig old, string? server)
    {
        var address = server is null ? null : Connection.Parse(server).AbsoluteUri.TrimEnd('/');
        if (old.Token is null || Connection.Same(Connection.Parse(old.Server ?? Connection.DefaultUrl), Connection.Parse(address ?? Connection.DefaultUrl))) return old with { Server = address };
        Terminal.Say($"The token for {old.Server ?? Connection.DefaultUrl} is forgotten with it.");
        return new(address);
    }

    private static Dictionary<string, string> Shown(CliConfig config) => ConfigFile.Keys
        .Select(key => (key.Name, Value: Value(config, key.Name)))
        .Where(setting => setting.Value is not null)
        .ToDictionary(setting => setting.Name, setting => setting.Name == "token" ? Masked(setting.Value!) : setting.Value!);

    private static string Masked(string token) => token.Length >= 16 ? $"{token[..6]}…" : "…";

    private static string? Value(CliConfig config, string key) => key == "token" ? config.Token : config.Server;

    private static string Known(string key) => ConfigFile.Keys.Any(one => one.Name == key)
        ? key
        : throw CliError.Usage($"There is no setting '{key}'.", Similar.To(key, [.. ConfigFile.Keys.Select(one => one.Name)]) is { Count: > 0 } near ? Similar.Question(near) : $"There are: {string.Join(' ', ConfigFile.Keys.Select(one => one.Name))}; the service's own are in its appsettings.json.");
}
