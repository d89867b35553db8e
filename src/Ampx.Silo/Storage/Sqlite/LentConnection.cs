using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Ampx.Silo.Storage.Sqlite;

/// <summary>One of the pool's handles while it is open; disposing gives it back. A <see cref="SqliteConnection"/> by type, since Orleans checks that.</summary>
internal sealed class LentConnection(SqlitePool pool) : SqliteConnection(pool.ConnectionString)
{
    private SqlitePool.Handle? handle;
    private DbTransaction? transaction;

    public override ConnectionState State => handle is null ? ConnectionState.Closed : ConnectionState.Open;

    private SqlitePool.Handle Lent => handle ?? throw new InvalidOperationException("the connection isn't open");

    public override void Open() => handle ??= pool.Take();

    public override async Task OpenAsync(CancellationToken cancellationToken) => handle ??= await pool.TakeAsync(cancellationToken).ConfigureAwait(false);

    public override void Close()
    {
        if (Interlocked.Exchange(ref handle, null) is not { } lent) return;
        transaction?.Dispose();
        pool.Return(lent);
    }

    public override SqliteCommand CreateCommand() => Lent.Connection.CreateCommand();

    protected override DbCommand CreateDbCommand() =>
        new PreparedCommand(Lent) { Transaction = transaction is { Connection: not null } ? transaction : null };

    protected override DbTransaction BeginDbTransaction(IsolationLevel isolationLevel) => transaction = Lent.Connection.BeginTransaction(isolationLevel);

    protected override void Dispose(bool disposing)
    {
        if (disposing) Close();
        base.Dispose(disposing);
    }
}
