using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage.Logs;
using Ampx.Silo.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Storage;

namespace Ampx.Silo.Storage;

/// <summary>Wiring. Call <see cref="Migrations.Apply"/> before the host starts.</summary>
public static class StorageExtensions
{
    /// <summary>Orleans' name of the grain storage; it is the default one too.</summary>
    public const string StorageName = "ampx";

    /// <summary>The state name whose rows are tasks: index, timeline and attempts are derived from these alone.</summary>
    public const string TaskStateName = "task";

    // Orleans' name for "SQLite, whatever its library": it loads Microsoft.Data.Sqlite.
    private const string Invariant = "System.Data.SQLite";

    /// <summary>Grain state and reminders in <paramref name="folder"/>'s database, and all that <see cref="AddAmpxStorage(IServiceCollection, string)"/> adds.</summary>
    public static ISiloBuilder AddAmpxStorage(this ISiloBuilder silo, string folder)
    {
        silo.Services.AddAmpxStorage(folder);
        silo.AddAdoNetGrainStorage(StorageName, options => options.Configure<SqliteStorage>((storage, sqlite) =>
        {
            storage.Invariant = Invariant;
            storage.DataSource = sqlite.Writer;
            storage.GrainStorageSerializer = new GrainJson();
            storage.DeleteStateOnClear = true;
        }));
        silo.Services.TryAddSingleton(services => services.GetRequiredKeyedService<IGrainStorage>(StorageName));
        silo.UseAdoNetReminderService(options => options.Configure<SqliteStorage>((reminders, sqlite) =>
        {
            reminders.Invariant = Invariant;
            reminders.DataSource = sqlite.Writer;
        }));
        return silo;
    }

    /// <summary>Index, rows and logs: <see cref="ITaskIndex"/>, <see cref="ITaskRows"/>, <see cref="ILogReader"/> and <see cref="LogWriter"/>.</summary>
    public static IServiceCollection AddAmpxStorage(this IServiceCollection services, string folder)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => new SqliteStorage(folder));
        services.TryAddSingleton<ITaskIndex>(s => new TaskIndex(s.GetRequiredService<SqliteStorage>().Readers));
        services.TryAddSingleton<ITaskRows>(s => new TaskRows(s.GetRequiredService<SqliteStorage>().Readers));
        services.TryAddSingleton<LogSignals>();
        services.TryAddSingleton<ILogReader>(s => new LogReader(s.GetRequiredService<SqliteStorage>().LogReaders, s.GetRequiredService<LogSignals>()));
        services.TryAddSingleton(s =>
        {
            var sqlite = s.GetRequiredService<SqliteStorage>();
            return new LogWriter(sqlite.LogWriter, sqlite.LogReaders, s.GetRequiredService<LogSignals>(),
                s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<LogWriter>>());
        });
        return services;
    }
}
