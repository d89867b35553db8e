using Ampx.Silo.Agents.Runs;
using Ampx.Silo.Agents.Sandboxes;
using Ampx.Silo.Workers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Ampx.Silo.Agents;

public static class AgentServices
{
    /// <summary>Agent profiles, and runs under supervisors below the data folder.</summary>
    public static IServiceCollection AddAgents(this IServiceCollection services, string dataDirectory)
    {
        services.AddOptions<Dictionary<string, AgentOptions>>().BindConfiguration("Ampx:Agents");
        return services
            .AddSingleton<AgentProfiles>()
            .AddSingleton<Homes>()
            .AddSingleton<Sandbox>()
            .AddSingleton(_ => new SupervisorProgram(dataDirectory))
            .AddSingleton(provider => new AgentRuns(dataDirectory, provider.GetRequiredService<SupervisorProgram>(), provider.GetRequiredService<TimeProvider>(), new RunLease(provider.GetService<LeaseRules>() is { IsOn: true })));
    }
}
