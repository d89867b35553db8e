using Ampx.Silo.Git.Guarding;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ampx.Silo.Git;

public static class GitServices
{
    /// <summary>Everything that works with git, below the data folder.</summary>
    public static IServiceCollection AddGit(this IServiceCollection services, Func<IServiceProvider, string> dataDirectory)
    {
        services.AddOptions<GitOptions>().BindConfiguration("Ampx:Git").ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<WorkspaceOptions>().BindConfiguration("Ampx:Workspaces").ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<GuardOptions>().BindConfiguration("Ampx:Guards").ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        return services
            .AddSingleton(provider => new GitFolders(dataDirectory(provider)))
            .AddSingleton<GitRunner>()
            .AddSingleton<Mirrors>()
            .AddSingleton<Workspaces>()
            .AddSingleton<Commits>()
            .AddSingleton<Pushes>()
            .AddSingleton<Snapshots>()
            .AddSingleton<CheckpointRefs>()
            .AddSingleton<Changes>()
            .AddSingleton<Guards>()
            .AddSingleton<LocalMerge>()
            .AddSingleton<LocalRepositories>();
    }
}
