namespace Ampx.Cli.Connecting;

/// <summary>Where Ampx keeps things for this user, by the XDG rules.</summary>
internal sealed class Folders(Func<string, string?> environment)
{
    public static Folders Real { get; } = new(Environment.GetEnvironmentVariable);

    /// <summary>The CLI's own settings: <c>$XDG_CONFIG_HOME/ampx</c>.</summary>
    public string Config => Path.Combine(Get("XDG_CONFIG_HOME") ?? Path.Combine(Home, ".config"), "ampx");

    /// <summary>A service's data folder if none is given: <c>$XDG_DATA_HOME/ampx</c>.</summary>
    public string Data => Get("Ampx__DataDirectory") is { } set ? Path.GetFullPath(set) : Path.Combine(Get("XDG_DATA_HOME") ?? Path.Combine(Home, ".local", "share"), "ampx");

    public string Home => Get("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>A variable of the environment; null if it is unset or empty.</summary>
    public string? Get(string name) => environment(name) is { Length: > 0 } value ? value : null;
}
