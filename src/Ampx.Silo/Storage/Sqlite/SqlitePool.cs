using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Storage.Sqlite;

/// <summary>
/// A fixed number of lasting handles to a database file, lent one by one. Callers wait here, without a thread, and not inside SQLite, where
/// Microsoft.Data.Sqlite blocks one. Handles keep their prepared statements: with its triggers, preparing a write takes ten times as long as running it.
/// </summary>
public abstract class SqlitePool : DbDataSource
{
    private readonly ConcurrentBag<Handle> idle = [];
    private readonly SemaphoreSlim gate;
    private readonly string pragmas;
    private volatile bool closed;

    private protected SqlitePool(string path, SqliteOpenMode mode, int width, string pragmas) =>
        (ConnectionString, gate, this.pragmas) = (SqliteFile.ConnectionString(path, mode), new SemaphoreSlim(width, width), pragmas);

    /// <inheritdoc/>
    public override string ConnectionString { get; }

    internal Handle Take()
    {
        gate.Wait();
        return Ready();
    }

    internal async Task<Handle> TakeAsync(CancellationToken cancel)
    {
        await gate.WaitAsync(cancel).ConfigureAwait(false);
        return Ready();
    }

    internal void Return(Handle handle)
    {
        idle.Add(handle);
        if (closed) CloseIdle();
        gate.Release();
    }

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection() => new LentConnection(this);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        closed = true;
        if (disposing) CloseIdle();
        base.Dispose(disposing);
    }

    private Handle Ready()
    {
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            return idle.TryTake(out var handle) ? handle : new Handle(ConnectionString, pragmas);
        }
        catch
        {
            gate.Release();
            throw;
        }
    }

    private void CloseIdle()
    {
        while (idle.TryTake(out var handle)) handle.Dispose();
    }

    /// <summary>An open connection with the commands that it has prepared.</summary>
    internal sealed class Handle : IDisposable
    {
        private const int MostPrepared = 100;
        private readonly Dictionary<string, SqliteCommand> prepared = new(StringComparer.Ordinal);

        public Handle(string connectionString, string pragmas)
        {
            Connection = new SqliteConnection(connectionString);
            try
            {
                Connection.Open();
                using var command = Connection.CreateCommand();
                command.CommandText = pragmas;
                command.ExecuteNonQuery();
            }
            catch
            {
                Connection.Dispose();
                throw;
            }
        }

        public SqliteConnection Connection { get; }

        public SqliteCommand Prepared(string sql)
        {
            if (prepared.TryGetValue(sql, out var command)) return command;
            if (prepared.Count >= MostPrepared) Forget();
            return prepared[sql] = new SqliteCommand(sql, Connection);
        }

        public void Dispose()
        {
            Forget();
            Connection.Dispose();
        }

        private void Forget()
        {
            foreach (var command in prepared.Values) command.Dispose();
            prepared.Clear();
        }
    }
}
