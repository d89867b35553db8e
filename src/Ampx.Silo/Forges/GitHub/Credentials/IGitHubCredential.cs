using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub.Credentials;

/// <summary>Who Ampx is at GitHub: a person, by a token, or an App, by the tokens of its installations.</summary>
public interface IGitHubCredential
{
    /// <summary>Whether one is configured, as far as can be said without the network.</summary>
    ValueTask<bool> IsGiven(CancellationToken cancel);

    /// <summary>The token to use for <paramref name="repo"/>, good for minutes at least.</summary>
    /// <exception cref="ForgeException">There is none, or GitHub gives none.</exception>
    ValueTask<AccessToken> Token(RepoRef repo, CancellationToken cancel);

    /// <summary>A token for one push to <paramref name="repo"/>, made anew and good for nothing else where GitHub can do that.</summary>
    /// <exception cref="ForgeException">There is none, or GitHub gives none.</exception>
    ValueTask<AccessToken> TokenForPush(RepoRef repo, CancellationToken cancel);

    /// <summary>Another token in place of one that GitHub didn't accept; null if there can be no other.</summary>
    /// <exception cref="ForgeException">GitHub gives none.</exception>
    ValueTask<AccessToken?> Replace(RepoRef repo, string refused, CancellationToken cancel);

    /// <summary>Asks GitHub who this is; for an App, as it is installed for <paramref name="repo"/> if one is given.</summary>
    /// <exception cref="ForgeException">GitHub doesn't know it, or can't be asked.</exception>
    Task<GitHubIdentity> WhoAmI(RepoRef? repo, CancellationToken cancel);

    /// <summary>Every token handed out that may still open something, for masking.</summary>
    IReadOnlyCollection<string> Secrets { get; }
}

/// <summary>What opens GitHub, for a while. Prints without its value.</summary>
/// <param name="Value">The secret.</param>
/// <param name="BudgetKey">A stable name, no secret, of whose rate limit it spends: <c>app-installation-12</c>, <c>token-0123456789ab</c>.</param>
public sealed record AccessToken(string Value, string BudgetKey)
{
    /// <summary>When GitHub stops accepting it; null if it doesn't say.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What it may do, such as <c>contents</c> to <c>write</c>; null if GitHub doesn't say.</summary>
    public IReadOnlyDictionary<string, string>? Permissions { get; init; }

    public override string ToString() => BudgetKey;
}

/// <summary>Who a credential is at GitHub.</summary>
/// <param name="Login">A user's login, or an App's slug.</param>
/// <param name="IsApp">It is an App.</param>
public sealed record GitHubIdentity(string Login, bool IsApp)
{
    /// <summary>An App's name as people read it.</summary>
    public string? AppName { get; init; }

    /// <summary>The accounts that have the App installed; the one of the repository asked for, if one was.</summary>
    public IReadOnlyList<string> InstalledOn { get; init; } = [];

    /// <summary>What an App's installation may do; null where GitHub doesn't say.</summary>
    public IReadOnlyDictionary<string, string>? Permissions { get; init; }

    /// <summary>A classic token's scopes, such as <c>repo</c>; null for other credentials.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }
}
