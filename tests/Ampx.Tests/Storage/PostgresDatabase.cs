using Npgsql;

namespace Ampx.Tests.Storage;

/// <summary>A database of its own on the tests' PostgreSQL server: the one of AMPX_TEST_POSTGRES, as scripts/test.sh starts it.</summary>
internal sealed class PostgresDatabase : IDisposable
{
    private static string Server => Environment.GetEnvironmentVariable("AMPX_TEST_POSTGRES")
        ?? throw new InvalidOperationException("AMPX_TEST_POSTGRES is not set: scripts/test.sh starts a server for the tests; by hand: AMPX_TEST_POSTGRES=$(scripts/postgres.sh start | tail -1)");

    private readonly string name = $"ampx_{Guid.NewGuid():N}";

    public PostgresDatabase()
    {
        Do($"CREATE DATABASE {name}");
        ConnectionString = new NpgsqlConnectionStringBuilder(Server) { Database = name }.ConnectionString;
    }

    public string ConnectionString { get; }

    public void Dispose() => Do($"DROP DATABASE {name} WITH (FORCE)");

    private static void Do(string sql)
    {
        using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Server) { Pooling = false }.ConnectionString);
        connection.Open();
        using var command = new NpgsqlCommand(sql, connection);
        command.ExecuteNonQuery();
    }
}
