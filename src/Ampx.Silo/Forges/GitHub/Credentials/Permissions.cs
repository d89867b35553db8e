namespace Ampx.Silo.Forges.GitHub.Credentials;

/// <summary>What Ampx must be allowed at GitHub, by GitHub's names.</summary>
public static class Permissions
{
    /// <summary>Without one of these no task can be done.</summary>
    public static IReadOnlyList<(string Name, string Level)> Needed { get; } = [("contents", "write"), ("pull_requests", "write"), ("actions", "read")];

    /// <summary>Those of <paramref name="wanted"/> that were not granted, such as <c>contents:write</c>.</summary>
    public static IReadOnlyList<string> Missing(IReadOnlyDictionary<string, string> granted, IReadOnlyList<(string Name, string Level)> wanted)
    {
        ArgumentNullException.ThrowIfNull(granted);
        return [.. wanted.Where(want => !granted.TryGetValue(want.Name, out var has) || !(has == want.Level || has is "write" or "admin")).Select(want => $"{want.Name}:{want.Level}")];
    }
}
