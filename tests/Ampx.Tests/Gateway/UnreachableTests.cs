using System.Net.Sockets;
using Ampx.Gateway;
using Ampx.Silo.Storage.Postgres;
using Xunit;

namespace Ampx.Tests.Gateway;

public sealed class UnreachableTests
{
    [Theory]
    [InlineData("Host=127.0.0.1;Port=1")]
    [InlineData("Host=nowhere.invalid")] // A container that is stopped takes its name with it.
    public async Task A_database_that_does_not_answer_is_unreachable(string connection)
    {
        using var database = PostgresStorage.Open(connection);
        var failure = await Assert.ThrowsAnyAsync<Exception>(async () => await database.Readers.OpenConnectionAsync(TestContext.Current.CancellationToken));
        Assert.True(Unreachable.Is(failure), failure.ToString());
        Assert.True(Unreachable.Is(new InvalidOperationException("wrapped", failure)));
    }

    [Fact]
    public void A_forge_that_does_not_answer_is_another_matter() => Assert.False(Unreachable.Is(new InvalidOperationException("wrapped", new HttpRequestException("no", new SocketException(111)))));
}
