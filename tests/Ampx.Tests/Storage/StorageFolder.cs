using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Ampx.Core;
using Ampx.Core.Tasks;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Postgres;
using Ampx.Silo.Storage.Sqlite;
using Dapper;
using Xunit;

namespace Ampx.Tests.Storage;

/// <summary>A folder and a real database of their own, gone with the test.</summary>
public sealed class StorageFolder : IDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 3, 4, 5, 6, 7, 890, TimeSpan.Zero);
    private readonly Dictionary<string, int> versions = [];
    private readonly PostgresDatabase? postgres;
    private Dictionary<string, string>? queries;

    /// <summary>With SQLite files in the folder.</summary>
    public StorageFolder() : this(postgres: null)
    {
    }

    private StorageFolder(PostgresDatabase? postgres)
    {
        this.postgres = postgres;
        Migrate();
        Database = Open();
    }

    /// <summary>With a database on the tests' PostgreSQL server.</summary>
    public static StorageFolder OnPostgres() => new(new PostgresDatabase());

    public string Folder { get; } = Directory.CreateTempSubdirectory("ampx-storage-").FullName;

    public Database Database { get; }

    public void Migrate()
    {
        if (postgres is null) Migrations.Sqlite(Folder);
        else Migrations.Postgres(postgres.ConnectionString);
    }

    /// <summary>The same database once more, as another process has it.</summary>
    public Database Open() => postgres is null ? SqliteStorage.Open(Folder) : PostgresStorage.Open(postgres.ConnectionString);

    public static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    /// <summary>A task as it is when created; the id's random part can be given.</summary>
    public static TaskState NewTask(string? id = null, string owner = "ada", string repo = "acme/shop", ForgeKind forge = ForgeKind.GitHub) => TaskMachine.Create(
        new NewTask { Id = id ?? Ulid.NewUlid().ToString(), Owner = owner, Repo = repo, Forge = forge, Agent = "amp", Prompt = "Fix the “naïve” test 🦊" }, Start, new TaskRules());

    /// <summary>Writes a state with the very statement that Orleans uses.</summary>
    public async Task Save(TaskState task)
    {
        await using var connection = await Database.Writer.OpenConnectionAsync();
        queries ??= (await connection.QueryAsync<(string Key, string Text)>("SELECT QueryKey, QueryText FROM OrleansQuery")).ToDictionary(q => q.Key, q => q.Text);
        var version = await connection.ExecuteScalarAsync<int?>(queries["WriteToStorageKey"], Key(task.Id, versions.TryGetValue(task.Id, out var seen) ? seen : null, task));
        versions[task.Id] = Assert.NotNull(version);
    }

    public async Task Delete(string taskId)
    {
        await using var connection = await Database.Writer.OpenConnectionAsync();
        Assert.NotNull(await connection.ExecuteScalarAsync<int?>(queries!["DeleteStorageKey"], Key(taskId, versions[taskId], null)));
        versions.Remove(taskId);
    }

    public async Task<T> Scalar<T>(string sql)
    {
        await using var connection = await Database.Readers.OpenConnectionAsync();
        return (await connection.ExecuteScalarAsync<T>(sql))!;
    }

    public void Dispose()
    {
        Database.Dispose();
        postgres?.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static object Key(string taskId, int? version, TaskState? task) => new
    {
        GrainIdHash = taskId.GetHashCode(StringComparison.Ordinal),
        GrainIdN0 = 0L,
        GrainIdN1 = 0L,
        GrainTypeHash = 7,
        GrainTypeString = StorageExtensions.TaskStateName,
        GrainIdExtensionString = $"task-{taskId}",
        ServiceId = "ampx",
        GrainStateVersion = version,
        PayloadBinary = task is null ? null : JsonSerializer.SerializeToUtf8Bytes(task, AmpxJson.Options),
    };
}
