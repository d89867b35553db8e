using Ampx.Core.Api;

namespace Ampx.Silo.Doctor.GitHub;

/// <summary>Something that Ampx does on a repository.</summary>
/// <param name="Area">GitHub's name of it.</param>
/// <param name="Level"><c>read</c> or <c>write</c>.</param>
/// <param name="Without">What is missing without it; null: everything.</param>
internal sealed record Permission(string Area, string Level, string? Without = null)
{
    public static IReadOnlyList<Permission> All { get; } =
    [
        new("contents", "write"),
        new("pull_requests", "write"),
        new("actions", "read"),
        new("actions", "write", "CI that failed by its own fault isn't run again"),
        new("issues", "read", "'ampx start --issue' can't read the issue"),
        new("checks", "read", "annotations of failed jobs don't reach the agent"),
        new("workflows", "write", "a task that changes a workflow file can't be pushed"),
    ];

    public string Name => $"{Area}:{Level}";

    public bool Writes => Level == "write";
}

/// <summary>What is known of a credential's rights on one repository, from wherever GitHub tells it.</summary>
internal sealed record Rights
{
    /// <summary>An App's installation: area to level.</summary>
    public IReadOnlyDictionary<string, string>? OfApp { get; init; }

    /// <summary>A classic token's scopes.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }

    public bool RepositoryIsPublic { get; init; }

    /// <summary>The user may push; null where GitHub doesn't say.</summary>
    public bool? UserMayPush { get; init; }

    /// <summary>Areas that were tried to be read: whether that worked.</summary>
    public IReadOnlyDictionary<string, bool> Readable { get; init; } = new Dictionary<string, bool>();

    /// <summary>A line for each permission.</summary>
    public IEnumerable<DoctorCheck> Lines() => Permission.All.Select(Line);

    private DoctorCheck Line(Permission permission)
    {
        var (has, why) = Has(permission);
        var needed = permission.Without is null;
        return has switch
        {
            true => DoctorCheck.Fine(permission.Name, why, needed),
            false when needed => DoctorCheck.Bad(permission.Name, $"missing: {why}", Fix(permission)),
            false => DoctorCheck.Warning(permission.Name, $"{why}: without it only this is missing: {permission.Without}", Fix(permission)),
            null => DoctorCheck.Warning(permission.Name, $"can't be known before {FirstUse(permission)}: {why}"),
        };
    }

    private (bool? Has, string Why) Has(Permission permission)
    {
        if (OfApp is not null)
        {
            return OfApp.TryGetValue(permission.Area, out var level) && (level == permission.Level || level is "write" or "admin")
                ? (true, "the App has it")
                : (false, level is null ? "the App's installation doesn't have it" : $"the App's installation has only {permission.Area}:{level}");
        }

        if (permission.Writes && UserMayPush is false) return (false, "the token's user may read the repository but not write to it");
        if (Scopes is not null) return OfScopes(permission, Scopes);
        bool? read = Readable.TryGetValue(permission.Area, out var tried) ? tried : null;
        if (read is false) return (false, permission.Writes ? "even reading it was refused" : "reading it was refused");
        if (permission.Writes) return (null, "a fine-grained token doesn't tell");
        return read is true ? (true, "could be read") : (null, "reading it gave no clear answer");
    }

    private (bool? Has, string Why) OfScopes(Permission permission, IReadOnlyList<string> scopes)
    {
        string[] enough = permission.Area == "workflows" ? ["workflow"] : RepositoryIsPublic ? ["repo", "public_repo"] : ["repo"];
        if (enough.FirstOrDefault(scopes.Contains) is { } scope) return (true, $"by scope {scope}");
        return !permission.Writes && RepositoryIsPublic ? (true, "the repository is public") : (false, $"the token lacks scope {string.Join(" or ", enough)}");
    }

    private string Fix(Permission permission)
    {
        if (OfApp is not null) return $"Give the App {permission.Name} in its settings, and accept that in the installation.";
        if (Scopes is not null && UserMayPush is not false) return permission.Area == "workflows" ? "Make a token that has scope workflow too ('gh auth refresh -s workflow' for gh's)." : "Make a token with scope repo.";
        return UserMayPush is false && permission.Writes ? "Let the token's user write to the repository, or take another one's token." : $"Give the token {permission.Name} ({permission.Area.Replace('_', ' ')}: {(permission.Writes ? "read and write" : "read")}).";
    }

    private static string FirstUse(Permission permission) => permission switch
    {
        { Area: "contents" } => "the first push",
        { Area: "pull_requests" } => "the first pull request",
        { Area: "workflows" } => "the first push of a changed workflow file",
        { Area: "actions", Level: "write" } => "the first rerun",
        _ => "it is first used",
    };
}
