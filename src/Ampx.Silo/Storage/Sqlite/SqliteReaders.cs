using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Storage.Sqlite;

/// <summary>A pool of <paramref name="width"/> read-only connections to a database file; under WAL they never wait for the writer, nor it for them.</summary>
public sealed class SqliteReaders(string path, int width = 8) : DbDataSource
{
    private readonly SemaphoreSlim gate = new(width, width);

    /// <inheritdoc/>
    public override string ConnectionString { get; } = SqliteFile.ConnectionString(path, SqliteOpenMode.ReadOnly);

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection() => new GatedConnection(ConnectionString, gate, "PRAGMA busy_timeout = 5000;");

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) SqliteFile.Forget(ConnectionString);
        base.Dispose(disposing);
    }
}
