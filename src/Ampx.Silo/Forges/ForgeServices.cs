using Ampx.Silo.Agents;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.Local;
using Ampx.Silo.Storage.Logs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ampx.Silo.Forges;

public static class ForgeServices
{
    /// <summary>GitHub, plain git remotes, and the desk that works with them for the tasks.</summary>
    public static IServiceCollection AddForges(this IServiceCollection services)
    {
        services.TryAddSingleton<AgentProfiles>(); // They know the pages of their conversations.
        return services
            .AddGitHub()
            .AddSingleton<LocalForge>()
            .AddSingleton<TaskNotes>(provider => provider.GetRequiredService<LogWriter>().Write)
            .AddSingleton<Forges>()
            .AddSingleton<ForgeDesk>();
    }
}
