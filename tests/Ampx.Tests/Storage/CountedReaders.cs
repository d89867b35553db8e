using System.Data.Common;

namespace Ampx.Tests.Storage;

/// <summary>Counts the connections that are taken: one for each query.</summary>
internal sealed class CountedReaders(DbDataSource readers) : DbDataSource
{
    private int opened;

    public int Opened => Volatile.Read(ref opened);

    public override string ConnectionString => readers.ConnectionString;

    protected override DbConnection CreateDbConnection() => readers.CreateConnection();

    protected override ValueTask<DbConnection> OpenDbConnectionAsync(CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref opened);
        return readers.OpenConnectionAsync(cancellationToken);
    }
}
