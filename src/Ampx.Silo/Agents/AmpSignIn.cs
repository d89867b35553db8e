using System.Text.Json;

namespace Ampx.Silo.Agents;

/// <summary>
/// Whether Amp is signed in, without starting it: with <c>-x</c> and no key it would wait for a browser for ever.
/// Seen with version 0.0.1790142911: the key comes from AMP_API_KEY, else from <c>amp/secrets.json</c> in XDG_DATA_HOME (else
/// <c>~/.local/share</c>), property <c>apiKey@URL</c> where URL is AMP_URL, by default Amp's own.
/// </summary>
public static class AmpSignIn
{
    /// <param name="environment">The agent's environment (<see cref="AgentEnvironment"/>).</param>
    public static bool IsSignedIn(IReadOnlyDictionary<string, string> environment)
    {
        if (HasKey(environment))
            return true;
        var url = environment.GetValueOrDefault("AMP_URL")?.TrimEnd('/');
        try
        {
            using var secrets = JsonDocument.Parse(File.ReadAllBytes(SecretsPath(environment)));
            // Without AMP_URL the settings file may name another server: any key will do then.
            return secrets.RootElement.EnumerateObject().Any(secret =>
                secret.Name.StartsWith("apiKey@", StringComparison.Ordinal)
                && (url is null || secret.Name["apiKey@".Length..].TrimEnd('/') == url)
                && secret.Value.ValueKind == JsonValueKind.String && secret.Value.GetString() != "");
        }
        catch (Exception none) when (none is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The environment itself has one.</summary>
    public static bool HasKey(IReadOnlyDictionary<string, string> environment) => !string.IsNullOrWhiteSpace(environment.GetValueOrDefault("AMP_API_KEY"));

    /// <summary>What Amp has of its user's home: its key, and its settings.</summary>
    public static IReadOnlyList<string> Files(IReadOnlyDictionary<string, string> environment)
    {
        var config = environment.GetValueOrDefault("XDG_CONFIG_HOME");
        return [SecretsPath(environment), Path.Combine(string.IsNullOrEmpty(config) ? Path.Combine(environment.GetValueOrDefault("HOME", "/"), ".config") : config, "amp")];
    }

    public static string SecretsPath(IReadOnlyDictionary<string, string> environment)
    {
        var data = environment.GetValueOrDefault("XDG_DATA_HOME");
        if (string.IsNullOrEmpty(data))
            data = Path.Combine(environment.GetValueOrDefault("HOME", "/"), ".local", "share");
        return Path.Combine(data, "amp", "secrets.json");
    }
}
