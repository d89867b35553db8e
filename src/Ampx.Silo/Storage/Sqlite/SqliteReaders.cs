using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Storage.Sqlite;

/// <summary>A pool of <paramref name="width"/> read-only connections to a database file; under WAL they never wait for the writer, nor it for them.</summary>
public sealed class SqliteReaders(string path, int width = 8) : SqlitePool(path, SqliteOpenMode.ReadOnly, width, "PRAGMA busy_timeout = 5000;");
