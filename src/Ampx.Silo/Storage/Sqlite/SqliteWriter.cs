using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Storage.Sqlite;

/// <summary>The one writer of a database file: its connections are handed out one at a time, and a commit is on the disk (WAL, synchronous FULL).</summary>
public sealed class SqliteWriter(string path) : DbDataSource
{
    private const string Pragmas = "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA journal_size_limit = 67108864;";
    private readonly SemaphoreSlim gate = new(1, 1);

    /// <inheritdoc/>
    public override string ConnectionString { get; } = SqliteFile.ConnectionString(path, SqliteOpenMode.ReadWrite);

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection() => new GatedConnection(ConnectionString, gate, Pragmas);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) SqliteFile.Forget(ConnectionString);
        base.Dispose(disposing);
    }
}
