using Npgsql;

namespace Ampx.Silo.Storage.Postgres;

/// <summary>A PostgreSQL database that all silos and gateways of a cluster share.</summary>
public static class PostgresStorage
{
    /// <summary>Orleans' name of the provider.</summary>
    public const string Invariant = "Npgsql";

    private const int MainConnections = 40;
    private const int LogConnections = 8;
    private const string IdleTimeout = "idle_in_transaction_session_timeout";

    // A seq is the largest one stored and one more, so two processes must not read it at once. In order, or they would wait for each other.
    private const string LogLock = "SELECT pg_advisory_xact_lock(731, number) FROM (SELECT DISTINCT hashtext(task) AS number FROM unnest(@tasks) task ORDER BY number) locks";

    /// <summary>The database that <paramref name="connectionString"/> names, which <see cref="Migrations.Postgres"/> has made ready.</summary>
    public static Database Open(string connectionString)
    {
        var main = Pool(connectionString, "ampx", MainConnections);
        var logs = Pool(connectionString, "ampx logs", LogConnections);
        return new Database(Invariant, main, main, logs, logs, LogLock);
    }

    /// <summary>Its own few connections for who is in the cluster: neither load nor a server that hangs may make a silo look dead.</summary>
    public static NpgsqlDataSource Membership(string connectionString)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString) { MaxPoolSize = 4, Timeout = 3, CommandTimeout = 5, CancellationTimeout = 500 };
        given.ApplicationName ??= "ampx cluster";
        return new NpgsqlDataSourceBuilder(given.ConnectionString).Build();
    }

    private static NpgsqlDataSource Pool(string connectionString, string name, int most)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        if (!IsGiven("Maximum Pool Size")) given.MaxPoolSize = most;
        if (!IsGiven("Max Auto Prepare")) given.MaxAutoPrepare = 50;
        // A server that hangs is away, and who asked hears so soon: Npgsql would wait for half a minute, and as long again for a connection.
        if (!IsGiven("Timeout")) given.Timeout = 5;
        if (!IsGiven("Command Timeout")) given.CommandTimeout = 8;
        if (!IsGiven("Cancellation Timeout")) given.CancellationTimeout = 500;
        given.ApplicationName ??= name;
        // A process that stops in the middle of a transaction (SIGSTOP, a machine that swaps) would keep its locks from everybody for as long.
        if (given.Options?.Contains(IdleTimeout, StringComparison.Ordinal) is not true) given.Options = $"{given.Options} -c {IdleTimeout}=5s".TrimStart();
        return new NpgsqlDataSourceBuilder(given.ConnectionString).Build();

        // ContainsKey is true for every key that there could be.
        bool IsGiven(string key) => given.Keys.OfType<string>().Contains(key, StringComparer.OrdinalIgnoreCase);
    }
}
