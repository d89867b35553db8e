using System.Net.Sockets;
using System.Reflection;
using Ampx.Silo.Storage.Sqlite;
using DbUp;
using DbUp.Builder;
using DbUp.Engine;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Ampx.Silo.Storage;

/// <summary>Tells how many of the scripts that a database lacks have run.</summary>
public delegate void Migrated(int done, int total);

/// <summary>Brings the database to this version's shape: numbered scripts, each applied once and in order, before the host starts.</summary>
public static class Migrations
{
    private const string DiskFull = "the disk is full: free some space and start again";

    /// <summary>Any number; the same in every version, so that processes of one database that start together wait for each other.</summary>
    private const long Lock = 7_310_001;

    /// <summary>Makes and migrates the SQLite files in <paramref name="folder"/>.</summary>
    /// <param name="told">Is told of each script, file by file; never where there is nothing to do.</param>
    /// <exception cref="StorageException">The folder can't be written, the disk is full, or a file isn't (or not yet) ours; one line that says what to do.</exception>
    public static void Sqlite(string folder, Migrated? told = null)
    {
        File(SqliteStorage.MainFile(folder), "Sqlite.Main", told);
        File(SqliteStorage.LogFile(folder), "Sqlite.Logs", told);
    }

    /// <summary>Migrates the PostgreSQL database; it must exist, and its tables may be made by its user.</summary>
    /// <exception cref="StorageException">It can't be reached, refuses the user, or isn't (or not yet) ours; one line that says what to do, without the password.</exception>
    public static void Postgres(string connectionString, Migrated? told = null)
    {
        NpgsqlConnectionStringBuilder? given = null;
        try
        {
            given = new NpgsqlConnectionStringBuilder(connectionString);
            // Unpooled: the lock goes with the connection, however this ends.
            using var alone = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
            alone.Open();
            using var wait = new NpgsqlCommand($"SELECT pg_advisory_lock({Lock})", alone) { CommandTimeout = 0 };
            wait.ExecuteNonQuery();
            Run(DeployChanges.To.PostgresqlDatabase(given.ConnectionString), Scripts("Postgres.Schema"), told);
        }
        catch (Exception problem) when (Say(problem) is { } words)
        {
            throw new StorageException($"Ampx can't use its database {(given is null ? "" : $"{given.Database} on {given.Host} ")}(Ampx:Storage:ConnectionString): {words}", problem);
        }
    }

    private static void File(string file, string scripts, Migrated? told)
    {
        try
        {
            SqliteFile.Create(file);
            var connection = SqliteFile.ConnectionString(file, SqliteOpenMode.ReadWrite);
            Run(DeployChanges.To.SqliteDatabase(connection), Scripts(scripts), told);
        }
        catch (Exception problem) when (Say(problem) is { } words)
        {
            throw new StorageException($"Ampx can't use its database {file}: {words}", problem);
        }
    }

    private static void Run(UpgradeEngineBuilder builder, IReadOnlyList<SqlScript> scripts, Migrated? told)
    {
        var engine = builder.WithScripts(scripts).WithVariablesDisabled().WithTransactionPerScript().LogToNowhere().Build();
        if (engine.GetExecutedButNotDiscoveredScripts() is { Count: > 0 } newer)
            throw new InvalidDataException($"a newer Ampx has written it ({newer[^1]} is not known here): start that version");
        if (told is not null && engine.GetScriptsToExecute() is { Count: > 0 and var total })
        {
            var done = 0;
            told(0, total);
            engine.ScriptExecuted += (_, _) => told(++done, total);
        }

        var result = engine.PerformUpgrade();
        if (!result.Successful) throw result.Error;
    }

    private static List<SqlScript> Scripts(string folder)
    {
        var assembly = typeof(Migrations).Assembly;
        var prefix = $"{typeof(Migrations).Namespace}.{folder}.";
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => new SqlScript(name[prefix.Length..], Read(assembly, name)))];
    }

    private static string Read(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    private static string? Say(Exception problem) => problem switch
    {
        SqliteException { SqliteErrorCode: 13 } => DiskFull,
        SqliteException { SqliteErrorCode: 8 or 14 } => "it can't be written: let the service's user write there, or set Ampx:DataDirectory",
        SqliteException { SqliteErrorCode: 5 or 6 } => "another program has locked it",
        SqliteException { SqliteErrorCode: 10 } io => $"the disk reports an error ({io.SqliteExtendedErrorCode}), or is full",
        SqliteException { SqliteErrorCode: 11 or 26 } => "it is damaged or no database: restore a backup",
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => "it doesn't exist: make it with createdb",
        PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } no => $"the server refuses the user: {no.MessageText}",
        PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } no => $"its user may not make tables there: {no.MessageText}",
        PostgresException other => other.MessageText,
        NpgsqlException { IsTransient: false } refused when refused.InnerException is null => refused.Message.ReplaceLineEndings(" "),
        NpgsqlException unreachable => $"the server can't be reached: {unreachable.GetBaseException().Message.ReplaceLineEndings(" ")}",
        SocketException unknown => $"the server can't be reached: {unknown.Message}",
        ArgumentException wrong => $"the connection string is no good: {wrong.Message.ReplaceLineEndings(" ")}",
        UnauthorizedAccessException => "the folder can't be written: let the service's user write there, or set Ampx:DataDirectory",
        IOException { HResult: 28 } => DiskFull, // ENOSPC
        IOException or InvalidDataException => problem.Message.ReplaceLineEndings(" "),
        _ => null,
    };
}
