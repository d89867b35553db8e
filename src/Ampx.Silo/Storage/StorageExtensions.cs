using Ampx.Core.Secrecy;
using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage.Logs;
using Ampx.Silo.Workers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Serialization;
using Orleans.Storage;

namespace Ampx.Silo.Storage;

/// <summary>Wiring. Call <see cref="Migrations"/> before the host starts.</summary>
public static class StorageExtensions
{
    /// <summary>Orleans' name of the grain storage; it is the default one too.</summary>
    public const string StorageName = "ampx";

    /// <summary>The state name whose rows are tasks: index, timeline and attempts are derived from these alone.</summary>
    public const string TaskStateName = "task";

    /// <summary>Grain state and reminders in the database, and all that <see cref="AddAmpxStorage(IServiceCollection, Func{Database})"/> adds.</summary>
    public static ISiloBuilder AddAmpxStorage(this ISiloBuilder silo, Func<Database> open)
    {
        silo.Services.AddAmpxStorage(open);
        silo.AddAdoNetGrainStorage(StorageName, options => options.Configure<Database>((storage, database) =>
        {
            storage.Invariant = database.Invariant;
            storage.DataSource = database.Writer;
            storage.GrainStorageSerializer = new GrainJson();
            storage.DeleteStateOnClear = true;
        }));
        silo.Services.TryAddSingleton(services => services.GetRequiredKeyedService<IGrainStorage>(StorageName));
        silo.UseAdoNetReminderService(options => options.Configure<Database>((reminders, database) =>
        {
            reminders.Invariant = database.Invariant;
            reminders.DataSource = database.Writer;
        }));
        return silo;
    }

    /// <summary>Index, rows and logs: <see cref="ITaskIndex"/>, <see cref="ITaskRows"/>, <see cref="ILogReader"/> and <see cref="LogWriter"/>.</summary>
    public static IServiceCollection AddAmpxStorage(this IServiceCollection services, Func<Database> open)
    {
        // Else a failure that a grain couldn't foresee arrives elsewhere without its kind: the database's time off would look like a fault of ours.
        services.Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedNamespacePrefixes.Add("Npgsql"));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Redactor>();
        services.TryAddSingleton(_ => open());
        services.TryAddSingleton<StoredStates>();
        services.TryAddSingleton<ITaskIndex>(s => new TaskIndex(s.GetRequiredService<Database>().Readers, s.GetRequiredService<StoredStates>()));
        services.TryAddSingleton<ITaskRows>(s => new TaskRows(s.GetRequiredService<Database>().Readers, s.GetRequiredService<StoredStates>()));
        services.TryAddSingleton<IRequestKeys>(s => new RequestKeys(s.GetRequiredService<Database>(), s.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<ITaskChanges>(s => new TaskChangeTable(s.GetRequiredService<Database>(), s.GetRequiredService<StoredStates>()));
        services.TryAddSingleton(s => new WorkerTable(s.GetRequiredService<Database>()));
        services.TryAddSingleton(s => new LeaseRules(s.GetRequiredService<Database>().IsShared));
        services.TryAddSingleton<ITokenStore>(s => new TokenTable(s.GetRequiredService<Database>()));
        services.TryAddSingleton(s => new LogSignals(s.GetRequiredService<Database>().LogReaders, s.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<ILogReader>(s => new LogReader(s.GetRequiredService<Database>().LogReaders, s.GetRequiredService<LogSignals>()));
        services.TryAddSingleton(s => new LogWriter(
            s.GetRequiredService<Database>(), s.GetRequiredService<LogSignals>(), s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<LogWriter>>(), s.GetRequiredService<Redactor>()));
        return services;
    }
}
