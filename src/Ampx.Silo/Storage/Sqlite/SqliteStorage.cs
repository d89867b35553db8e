namespace Ampx.Silo.Storage.Sqlite;

/// <summary>The two database files of a data folder, each with its writer and its readers: output can't delay a transition.</summary>
public sealed class SqliteStorage(string folder) : IDisposable
{
    /// <summary>The file with state, reminders, index, timeline and attempts.</summary>
    public static string MainFile(string folder) => Path.Combine(folder, "ampx.db");

    /// <summary>The file with log chunks.</summary>
    public static string LogFile(string folder) => Path.Combine(folder, "logs.db");

    /// <summary>Writes <c>ampx.db</c>; Orleans' storage and reminders use it too.</summary>
    public SqliteWriter Writer { get; } = new(MainFile(folder));

    /// <summary>Reads <c>ampx.db</c>.</summary>
    public SqliteReaders Readers { get; } = new(MainFile(folder));

    /// <summary>Writes <c>logs.db</c>.</summary>
    public SqliteWriter LogWriter { get; } = new(LogFile(folder));

    /// <summary>Reads <c>logs.db</c>.</summary>
    public SqliteReaders LogReaders { get; } = new(LogFile(folder));

    /// <inheritdoc/>
    public void Dispose()
    {
        LogReaders.Dispose();
        LogWriter.Dispose();
        Readers.Dispose();
        Writer.Dispose();
    }
}
