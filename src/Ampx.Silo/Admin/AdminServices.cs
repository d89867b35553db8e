using Ampx.Core.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Ampx.Silo.Admin;

public static class AdminServices
{
    /// <summary>Check and log retention, of the database alone.</summary>
    public static IServiceCollection AddAdmin(this IServiceCollection services)
    {
        services.AddOptions<LogOptions>().BindConfiguration("Ampx:Logs").ValidateDataAnnotations();
        return services.AddSingleton<StorageCheck>().AddSingleton<StorageRepair>().AddSingleton<ReminderCheck>().AddSingleton<ActivationCheck>().AddSingleton<Machines>().AddSingleton<LogRetention>()
            .AddSingleton<RemovedTasks>();
    }

    /// <summary>Also this machine's worker, its folders and its backups. Call after the worker is added.</summary>
    public static IServiceCollection AddAdminOfMachine(this IServiceCollection services) =>
        services.AddAdmin().AddSingleton<MachineExam>().AddSingleton<MachineRemains>().AddHostedService<LogCare>().AddSingleton<IServiceBackup, ServiceBackup>();
}
