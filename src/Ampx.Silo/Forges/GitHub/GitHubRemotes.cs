using System.Collections.Concurrent;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges.GitHub.Credentials;
using Ampx.Silo.Git;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Where git fetches and pushes at GitHub, once it is known that the credential may do what a task needs.</summary>
public sealed class GitHubRemotes(GitHubApi api, IGitHubCredential credential, GitHubActions actions, TimeProvider time)
{
    private static readonly TimeSpan AccessHolds = TimeSpan.FromMinutes(5);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _accessible = new();

    /// <summary>With the token that all share.</summary>
    /// <exception cref="ForgeException">The repository isn't there, or the credential may not push to it or read its CI.</exception>
    public async Task<GitRemote> Of(RepoRef repo, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(repo);
        var token = await credential.Token(repo, cancel);
        var now = time.GetUtcNow();
        if (!_accessible.TryGetValue(repo.Key, out var until) || now >= until)
        {
            await Check(repo, token, cancel);
            if (_accessible.Count > 10_000) _accessible.Clear();
            _accessible[repo.Key] = now + AccessHolds;
        }

        return new(repo.Url, token.Value) { Renew = Renewed };
    }

    /// <summary>With a token for one push.</summary>
    /// <inheritdoc cref="Of"/>
    public async Task<GitRemote> ForPush(RepoRef repo, CancellationToken cancel)
    {
        await Of(repo, cancel);
        return new(repo.Url, (await credential.TokenForPush(repo, cancel)).Value) { Renew = RenewedForPush };
    }

    private async Task Check(RepoRef repo, AccessToken token, CancellationToken cancel)
    {
        var there = await api.Ask(repo, "see the repository", client => client.Connection.Get<RepositoryFacts>(new Uri($"repos/{repo.Owner}/{repo.Name}", UriKind.Relative), null), cancel);
        var (facts, name) = (there.Body, $"{repo.Owner}/{repo.Name}");
        if (facts.Archived) throw Forbidden($"{name} is archived: nobody can push to it");
        if (facts.Disabled) throw Forbidden($"{name} is disabled by GitHub");
        if (token.Permissions is { } granted)
        {
            // What was granted since is in a new token only.
            if (Permissions.Missing(granted, Permissions.Needed).Count > 0) granted = (await credential.Replace(repo, token.Value, cancel))?.Permissions ?? granted;
            if (Permissions.Missing(granted, Permissions.Needed) is { Count: > 0 } missing)
                throw Forbidden($"the GitHub App's installation for {name} lacks {string.Join(", ", missing)}: add it in the App's settings and accept it where the App is installed");
            return;
        }

        // Absent where GitHub doesn't say: then the push will.
        if (facts.Permissions is { Push: false }) throw Forbidden($"the credential may read {name} but not push to it: it needs contents:write and pull_requests:write");
        try
        {
            await actions.MayRead(repo, cancel);
        }
        catch (ForgeException no) when (no.Code is ErrorCodes.GitHubForbidden or ErrorCodes.GitHubNotFound)
        {
            throw Forbidden($"the credential can't read the workflow runs of {name}: it needs actions:read", no);
        }
    }

    /// <summary>git's login was refused: GitHub is asked again before the next one, too.</summary>
    private async Task<GitRemote?> Renewed(GitRemote refused, CancellationToken cancel)
    {
        var repo = Again(refused);
        return await credential.Replace(repo, refused.Token!, cancel) is { } fresh ? refused with { Token = fresh.Value } : null;
    }

    private async Task<GitRemote?> RenewedForPush(GitRemote refused, CancellationToken cancel)
    {
        var repo = Again(refused);
        var fresh = await credential.TokenForPush(repo, cancel);
        // Not made for this push: then it is what was refused.
        if (fresh.Value == refused.Token && await credential.Replace(repo, refused.Token, cancel) is { } other) fresh = other;
        return fresh.Value == refused.Token ? null : refused with { Token = fresh.Value };
    }

    private RepoRef Again(GitRemote refused)
    {
        var repo = RepoRef.Parse(refused.Url, api.Options.WebUrl, out var why) ?? throw new ForgeException(ErrorCodes.InvalidRepo, why!);
        _accessible.TryRemove(repo.Key, out _);
        return repo;
    }

    private static ForgeException Forbidden(string message, Exception? inner = null) => new(ErrorCodes.GitHubForbidden, message, inner);

    /// <summary>What Octokit's own record of a repository lacks or can't leave open.</summary>
    internal sealed class RepositoryFacts
    {
        public bool Archived { get; set; }
        public bool Disabled { get; set; }
        public RepositoryRights? Permissions { get; set; }
    }

    internal sealed class RepositoryRights
    {
        public bool Push { get; set; }
    }
}
