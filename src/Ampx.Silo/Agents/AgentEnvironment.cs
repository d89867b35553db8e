namespace Ampx.Silo.Agents;

/// <summary>An agent's whole environment: an allow-list, so that the service's own secrets stay with the service.</summary>
public static class AgentEnvironment
{
    private static readonly string[] Everyone =
    [
        "PATH", "HOME", "LANG", "LC_*", "TERM", "TMPDIR", "USER", "LOGNAME", "SHELL", "TZ",
        "http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME",
    ];

    /// <summary>Never by a pattern, only by its own name in PassEnvironment: they are the service's, and would let an agent push past it.</summary>
    private static readonly string[] Ours = ["GITHUB_TOKEN", "GH_TOKEN", "GITHUB_*", "AMPX_*"];

    /// <param name="agent">The profile.</param>
    /// <param name="service">The service's own environment.</param>
    public static IReadOnlyDictionary<string, string> For(AgentOptions agent, IReadOnlyDictionary<string, string> service)
    {
        string[] passed = [.. Everyone, .. agent.Kind == AgentKind.Amp ? ["AMP_*"] : (string[])[], .. agent.PassEnvironment];
        var variables = service
            .Where(v => !Fits(v.Key, "Ampx__*", StringComparison.OrdinalIgnoreCase))
            .Where(v => agent.PassEnvironment.Contains(v.Key) || (passed.Any(p => Fits(v.Key, p)) && !Ours.Any(o => Fits(v.Key, o))))
            .ToDictionary(v => v.Key, v => v.Value);
        variables.TryAdd("PATH", "/usr/local/bin:/usr/bin:/bin");
        variables.TryAdd("LANG", "C.UTF-8");
        // The agent must be the version that was tested, also in the middle of a task.
        if (agent.Kind == AgentKind.Amp)
            variables["AMP_SKIP_UPDATE_CHECK"] = "1";
        foreach (var (name, value) in agent.Environment)
            variables[name] = value;
        return variables;
    }

    /// <summary>This process's environment.</summary>
    public static IReadOnlyDictionary<string, string> OfService() =>
        Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "");

    private static bool Fits(string name, string pattern, StringComparison comparison = StringComparison.Ordinal) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], comparison) : name.Equals(pattern, comparison);
}
