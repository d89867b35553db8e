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

    /// <summary>One repository, one key, however it was written; also for one that isn't understood any more.</summary>
    public string KeyOf(string repo) => RepoRef.Parse(repo, options.Value.WebUrl, out _)?.Key ?? repo;

    /// <summary>A repository that was validated when its task was made.</summary>
    /// <exception cref="ForgeException">invalid_repo: the configured GitHub host has changed since.</exception>
    public RepoRef Parse(TaskState task) => Parse(task.Repo, task.Forge);

    /// <inheritdoc cref="Parse(TaskState)"/>
    public RepoRef Parse(string given, ForgeKind forge)
    {
        var repo = RepoRef.Parse(given, options.Value.WebUrl, out var why) ?? throw new ForgeException(ErrorCodes.InvalidRepo, why!);
        return repo.Kind == forge ? repo : throw new ForgeException(ErrorCodes.InvalidRepo, $"{given} was on another kind of host when the task began: GitHub:WebUrl has changed since");
    }
}
