using System.Reflection;
using Ampx.Silo.Storage.Sqlite;
using DbUp;
using DbUp.Builder;
using DbUp.Engine;
using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Storage;

/// <summary>Brings the databases to this version's shape: numbered scripts, each applied once and in order, before the host starts.</summary>
public static class Migrations
{
    private const string DiskFull = "the disk is full: free some space and start again";

    /// <summary>Makes and migrates the SQLite files in <paramref name="folder"/>.</summary>
    /// <exception cref="StorageException">The folder can't be written, the disk is full, or a file isn't (or not yet) ours; one line that says what to do.</exception>
    public static void Apply(string folder)
    {
        Apply(SqliteStorage.MainFile(folder), "Sqlite.Main");
        Apply(SqliteStorage.LogFile(folder), "Sqlite.Logs");
    }

    private static void Apply(string file, string scripts)
    {
        try
        {
            SqliteFile.Create(file);
            var connection = SqliteFile.ConnectionString(file, SqliteOpenMode.ReadWrite);
            Run(DeployChanges.To.SqliteDatabase(connection), Scripts(scripts));
        }
        catch (Exception problem) when (Say(problem) is { } words)
        {
            throw new StorageException($"Ampx can't use its database {file}: {words}", problem);
        }
    }

    private static void Run(UpgradeEngineBuilder builder, IReadOnlyList<SqlScript> scripts)
    {
        var engine = builder.WithScripts(scripts).WithVariablesDisabled().WithTransactionPerScript().LogToNowhere().Build();
        if (engine.GetExecutedButNotDiscoveredScripts() is { Count: > 0 } newer)
            throw new InvalidDataException($"a newer Ampx has written it ({newer[^1]} is not known here): start that version");
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
        UnauthorizedAccessException => "the folder can't be written: let the service's user write there, or set Ampx:DataDirectory",
        IOException { HResult: 28 } => DiskFull, // ENOSPC
        IOException or InvalidDataException => problem.Message.ReplaceLineEndings(" "),
        _ => null,
    };
}
