namespace Ampx.Silo.Storage.Sqlite;

/// <summary>The two database files of a data folder, each with its writer and its readers.</summary>
public static class SqliteStorage
{
    // Orleans' name for "SQLite, whatever its library": it loads Microsoft.Data.Sqlite.
    private const string Invariant = "System.Data.SQLite";

    /// <summary>The file with state, reminders, index, timeline and attempts.</summary>
    public static string MainFile(string folder) => Path.Combine(folder, "ampx.db");

    /// <summary>The file with log chunks.</summary>
    public static string LogFile(string folder) => Path.Combine(folder, "logs.db");

    /// <summary>The files in <paramref name="folder"/>, which <see cref="Migrations.Sqlite"/> has made.</summary>
    public static Database Open(string folder) => new(
        Invariant, new SqliteWriter(MainFile(folder)), new SqliteReaders(MainFile(folder)), new SqliteWriter(LogFile(folder)), new SqliteReaders(LogFile(folder)));
}
