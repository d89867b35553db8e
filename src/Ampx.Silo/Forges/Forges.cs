using Ampx.Core.Tasks;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.Local;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Forges;

/// <summary>The forge of each repository.</summary>
public sealed class Forges(GitHubForge gitHub, LocalForge local, IOptions<GitHubOptions> options)
{
    /// <summary>The one that judges <paramref name="repo"/>.</summary>
    public IForge Of(RepoRef repo) => repo.Kind is ForgeKind.GitHub ? gitHub : local;

    /// <summary>A repository that was validated when its task was made.</summary>
    /// <exception cref="ForgeException">invalid_repo: the configured GitHub host has changed since.</exception>
    public RepoRef Parse(string repo) => RepoRef.Parse(repo, options.Value.WebUrl, out var why) ?? throw new ForgeException(ErrorCodes.InvalidRepo, why!);
}
