using System.Collections;
using System.Globalization;

namespace Ampx.Silo.Git;

/// <summary>What a git process sees of its surroundings: a short list, and settings that no repository can overrule.</summary>
internal static class GitEnvironment
{
    private static readonly HashSet<string> Passed = new(StringComparer.OrdinalIgnoreCase)
    {
        "PATH", "HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_EXEC_PATH",
    };

    private static readonly (string Key, string Value)[] Settings =
    [
        ("core.hooksPath", "/dev/null"), ("core.fsmonitor", "false"), ("protocol.ext.allow", "never"), ("submodule.recurse", "false"),
        ("gc.auto", "0"), ("maintenance.auto", "false"), ("commit.gpgSign", "false"), ("log.showSignature", "false"), ("core.quotePath", "false"),
        ("color.ui", "false"), ("core.packedRefsTimeout", "10000"), ("core.filesRefLockTimeout", "2000"), ("checkout.workers", "4"),
        ("http.lowSpeedLimit", "1000"), ("http.lowSpeedTime", "60"), ("credential.useHttpPath", "false"), ("core.trustCtime", "true"),
        ("core.commitGraph", "false"),
    ];

    /// <summary>For repositories of our own: what the service's user has set up for himself (Git LFS and other filters, drivers, what he ignores) isn't for a stranger's <c>.gitattributes</c> to call.</summary>
    private static readonly (string Key, string Value)[] Apart = [("core.attributesFile", "/dev/null"), ("core.excludesFile", "/dev/null")];

    public static Dictionary<string, string?> For(GitCommand command, GitFolders folders)
    {
        var all = new Dictionary<string, string?>();
        foreach (DictionaryEntry inherited in Environment.GetEnvironmentVariables())
            if (!Passed.Contains((string)inherited.Key)) all[(string)inherited.Key] = null;

        all["LANG"] = all["LC_ALL"] = "C.UTF-8";
        all["GIT_TERMINAL_PROMPT"] = "0";
        all["GIT_OPTIONAL_LOCKS"] = "0";
        all["GIT_NO_REPLACE_OBJECTS"] = "1";
        all["GIT_EDITOR"] = "true";
        all["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes -oConnectTimeout=20";
        all["GIT_ALLOW_PROTOCOL"] = "file:https:http:ssh";
        all["GIT_ASKPASS"] = "";
        if (command.GitDir is not null) all["GIT_DIR"] = command.GitDir;
        if (command.WorkTree is not null) all["GIT_WORK_TREE"] = command.WorkTree;

        IEnumerable<(string Key, string Value)> settings = Settings;
        if (command is { Remote: null, GitDir: not null })
        {
            all["GIT_CONFIG_GLOBAL"] = "/dev/null";
            all["GIT_CONFIG_NOSYSTEM"] = all["GIT_ATTR_NOSYSTEM"] = "1";
            settings = settings.Concat(Apart);
        }

        if (command.Remote?.Login is { } login)
        {
            settings = settings.Append(("credential.helper", ""));
            all["GIT_ASKPASS"] = folders.Askpass;
            all["AMPX_GIT_SCHEME"] = login.Scheme;
            all["AMPX_GIT_HOST"] = login.Host;
            all["AMPX_GIT_USER"] = login.User;
            all["AMPX_GIT_PASSWORD"] = login.Password;
        }

        var count = 0;
        foreach (var (key, value) in settings)
        {
            all[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_KEY_{count}")] = key;
            all[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_VALUE_{count++}")] = value;
        }

        all["GIT_CONFIG_COUNT"] = count.ToString(CultureInfo.InvariantCulture);
        foreach (var (key, value) in command.Environment) all[key] = value;
        return all;
    }
}
