namespace Ampx.FakeGitHub.Accounts;

/// <summary>What a new token shall be; everything has a default.</summary>
public sealed record TokenSpec
{
    /// <summary>The secret; made up if not given.</summary>
    public string? Value { get; init; }

    /// <summary>Whose token it is.</summary>
    public string Login { get; init; } = "octo-dev";

    /// <summary>Fine-grained permissions, e.g. <c>contents: write</c>; null gives all that Ampx can use.</summary>
    public IReadOnlyDictionary<string, string>? Permissions { get; init; }

    /// <summary>Full names of the repositories that it reaches; null means all.</summary>
    public IReadOnlyList<string>? Repositories { get; init; }

    /// <summary>Scopes of a classic token (<c>repo</c>, <c>workflow</c>), which replace <see cref="Permissions"/>.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    /// <summary>Seconds until it is refused; null is never.</summary>
    public double? ExpiresIn { get; init; }

    /// <summary>An App's installation token: acts as <c>name[bot]</c>.</summary>
    public bool Installation { get; init; }
}

/// <summary>A known credential and its rights.</summary>
public sealed class AccessToken
{
    internal AccessToken(TokenSpec spec, DateTimeOffset now)
    {
        Value = spec.Value ?? $"{(spec.Installation ? "ghs" : spec.Scopes is null ? "github_pat" : "ghp")}_{Guid.NewGuid():N}";
        Login = spec.Login;
        Scopes = spec.Scopes;
        Installation = spec.Installation;
        Repositories = spec.Repositories?.ToHashSet(StringComparer.OrdinalIgnoreCase);
        ExpiresAt = spec.ExpiresIn is { } seconds ? now.AddSeconds(seconds) : null;
        Permissions = spec.Scopes is { } scopes ? OfScopes(scopes) : spec.Permissions ?? Everything;
        RateLimit = new(now);
    }

    /// <summary>All that Ampx can use.</summary>
    public static IReadOnlyDictionary<string, string> Everything { get; } = new Dictionary<string, string>
    {
        ["metadata"] = "read",
        ["contents"] = "write",
        ["pull_requests"] = "write",
        ["actions"] = "write",
        ["issues"] = "write",
        ["checks"] = "read",
        ["workflows"] = "write",
    };

    /// <summary>The secret.</summary>
    public string Value { get; }

    /// <summary>Whose it is.</summary>
    public string Login { get; }

    /// <summary>The account's number.</summary>
    public int UserId { get; } = Ids.NextUser();

    /// <summary>An App's installation token.</summary>
    public bool Installation { get; }

    /// <summary>A classic token's scopes, else null.</summary>
    public IReadOnlyList<string>? Scopes { get; }

    /// <summary>Permission to level.</summary>
    public IReadOnlyDictionary<string, string> Permissions { get; }

    /// <summary>When it stops working.</summary>
    public DateTimeOffset? ExpiresAt { get; }

    /// <summary>Its own counters.</summary>
    public RateLimit RateLimit { get; }

    /// <summary>Full names of the repositories that it reaches; null means all.</summary>
    public IReadOnlySet<string>? Repositories { get; }

    /// <summary>Sees that the repository exists.</summary>
    public bool Reaches(string fullName) => Repositories?.Contains(fullName) ?? true;

    /// <summary>Has the permission at <c>read</c> or <c>write</c>; write includes read.</summary>
    public bool Allows(string permission, string level) =>
        (permission == "metadata" && level == "read") ||
        (Permissions.TryGetValue(permission, out var has) && (has == level || has is "write" or "admin"));

    private static Dictionary<string, string> OfScopes(IReadOnlyList<string> scopes)
    {
        var rights = new Dictionary<string, string>();
        if (scopes.Contains("repo"))
            foreach (var (permission, level) in Everything.Where(p => p.Key != "workflows")) rights[permission] = level;
        if (scopes.Contains("workflow")) rights["workflows"] = "write";
        return rights;
    }
}
