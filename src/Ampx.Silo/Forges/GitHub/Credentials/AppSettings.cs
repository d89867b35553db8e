using System.Text.RegularExpressions;
using Ampx.Silo.Hosting;
using Microsoft.Extensions.Configuration;

namespace Ampx.Silo.Forges.GitHub.Credentials;

/// <summary>An App's settings: both or none, and a key that signs. What is wrong stops the start.</summary>
internal static partial class AppSettings
{
    private const string AppId = "Ampx:GitHub:AppId (or GITHUB_APP_ID)";
    private const string PrivateKeyPath = "Ampx:GitHub:PrivateKeyPath (or GITHUB_PRIVATE_KEY_PATH)";

    /// <summary>What the settings leave open.</summary>
    public static void ReadEnvironment(GitHubOptions options)
    {
        options.AppId = Given(options.AppId) ?? Given(Environment.GetEnvironmentVariable("GITHUB_APP_ID"));
        options.PrivateKeyPath = Given(options.PrivateKeyPath) ?? Given(Environment.GetEnvironmentVariable("GITHUB_PRIVATE_KEY_PATH"));
    }

    /// <exception cref="StartException">One line: the key, the value and what is wrong with it.</exception>
    public static void Check(IConfiguration configuration)
    {
        var options = configuration.GetSection(GitHubOptions.Section).Get<GitHubOptions>() ?? new();
        ReadEnvironment(options);
        if (Problem(options) is { } problem) throw new StartException(problem);
    }

    private static string? Problem(GitHubOptions options)
    {
        switch (options.AppId, options.PrivateKeyPath)
        {
            case (null, null):
                return null;
            case (null, { } path):
                return $"{PrivateKeyPath} is '{path}', but {AppId} is missing: give the App's number too";
            case ({ } id, null):
                return $"{AppId} is '{id}', but {PrivateKeyPath} is missing: give the file with the App's private key too";
            case ({ } id, { } path):
                if (!Identifier().IsMatch(id)) return $"{AppId} is '{id}', which is neither an App's number nor its client ID (Iv…)";
                try
                {
                    AppKey.Read(id, path).Dispose();
                    return null;
                }
                catch (Exception unusable) when (unusable is ArgumentException or IOException or UnauthorizedAccessException)
                {
                    return $"{PrivateKeyPath} is '{path}', which can't be used: {unusable.Message.ReplaceLineEndings(" ").TrimEnd('.')}";
                }
        }
    }

    private static string? Given(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    [GeneratedRegex(@"^(\d+|Iv[\w.]+)$")]
    private static partial Regex Identifier();
}
