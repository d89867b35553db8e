using Ampx.Silo.Storage;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Ampx.Tests.Storage;

public sealed class BusyDatabaseTests
{
    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public async Task A_busy_database_is_waited_for(int code)
    {
        var calls = 0;
        await BusyDatabase.Pipeline(TimeProvider.System).ExecuteAsync(_ => ++calls < 3
            ? throw new InvalidOperationException("storage", new SqliteException("database is locked", code))
            : ValueTask.CompletedTask);
        Assert.Equal(3, calls);
    }

    [Fact]
    public async Task Any_other_failure_goes_straight_through()
    {
        var calls = 0;
        await Assert.ThrowsAsync<SqliteException>(async () => await BusyDatabase.Pipeline(TimeProvider.System).ExecuteAsync(_ =>
        {
            calls++;
            throw new SqliteException("constraint failed", 19);
        }));
        Assert.Equal(1, calls);
    }
}
