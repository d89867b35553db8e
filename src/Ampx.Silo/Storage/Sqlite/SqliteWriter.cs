using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Storage.Sqlite;

/// <summary>The one writer of a database file: its connection is lent to one at a time, and a commit is on the disk (WAL, synchronous FULL).</summary>
public sealed class SqliteWriter(string path) : SqlitePool(path, SqliteOpenMode.ReadWrite, 1,
    "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 1000; PRAGMA journal_size_limit = 67108864;");
