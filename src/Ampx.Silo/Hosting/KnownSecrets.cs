using System.Data.Common;
using System.Text.Json;
using System.Text.RegularExpressions;
using Ampx.Core.Secrecy;
using Ampx.Silo.Agents;
using Microsoft.Extensions.Configuration;

namespace Ampx.Silo.Hosting;

/// <summary>The secrets that a service is given: by its settings, its environment and the files these name. GitHub's tokens are told as they come.</summary>
internal static partial class KnownSecrets
{
    private const int ShortestValue = 8, KeyLine = 40;

    public static Redactor Of(IConfiguration settings, IReadOnlyDictionary<string, string> environment, string tokenFile)
    {
        var redactor = new Redactor();
        foreach (var (name, value) in settings.AsEnumerable().Concat(environment.Select(one => new KeyValuePair<string, string?>(one.Key, one.Value))))
        {
            if (value is null) continue;
            if (SecretName().IsMatch(name) && IsValue(value)) redactor.Know(value.Trim());
            if (name.Contains("Connection", StringComparison.OrdinalIgnoreCase)) redactor.Know(PasswordOf(value));
        }

        foreach (var path in new[] { settings["Ampx:GitHub:PrivateKeyPath"], environment.GetValueOrDefault("GITHUB_PRIVATE_KEY_PATH") })
            foreach (var line in Read(path).Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Length >= KeyLine && !line.StartsWith('-'))) redactor.Know(line);
        foreach (var path in new[] { tokenFile, settings["Ampx:Auth:BootstrapTokenPath"] }) redactor.Know(Read(path).Trim());
        foreach (var key in AmpKeys(Read(AmpSignIn.SecretsPath(environment)))) redactor.Know(key);
        return redactor;
    }

    /// <summary>Paths, numbers and times are settings of something secret, not the secret.</summary>
    private static bool IsValue(string value) => value.Length >= ShortestValue && !value.StartsWith('/') && value.Any(char.IsAsciiLetter) && !value.Equals("required", StringComparison.OrdinalIgnoreCase);

    private static string? PasswordOf(string connection)
    {
        try
        {
            var parts = new DbConnectionStringBuilder { ConnectionString = connection };
            return parts.TryGetValue("Password", out var password) || parts.TryGetValue("Pwd", out password) ? password.ToString() : null;
        }
        catch (ArgumentException)
        {
            // Not of that shape, so it has no password in that shape either.
            return null;
        }
    }

    private static List<string> AmpKeys(string json)
    {
        try
        {
            using var secrets = JsonDocument.Parse(json.Length == 0 ? "{}" : json);
            return [.. secrets.RootElement.EnumerateObject().Where(one => one.Value.ValueKind is JsonValueKind.String).Select(one => one.Value.GetString()!)];
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // Amp can't read it either.
            return [];
        }
    }

    /// <summary>Empty where there is no such file: whoever needs it says so.</summary>
    private static string Read(string? path)
    {
        try
        {
            return string.IsNullOrEmpty(path) || !File.Exists(path) ? "" : File.ReadAllText(path);
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [GeneratedRegex(@"(token|secret|password|passwd|pwd|credentials?|slackurl|_pat|(api|access|private|secret|signing|encryption)[_-]?key)$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
