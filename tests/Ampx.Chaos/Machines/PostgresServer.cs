namespace Ampx.Chaos.Machines;

/// <summary>A PostgreSQL server of the suite's own, by <c>scripts/postgres.sh</c>.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private PostgresServer(string folder, string connection) => (Folder, Connection) = (folder, connection);

    /// <summary>With its files in <c>data</c>.</summary>
    public string Folder { get; }

    /// <summary>Npgsql's connection string.</summary>
    public string Connection { get; }

    public int Port => int.Parse(Connection.Split(';').Single(part => part.StartsWith("Port=", StringComparison.Ordinal))[5..], System.Globalization.CultureInfo.InvariantCulture);

    public static async Task<PostgresServer> Start()
    {
        // It is going to crash: what it has said to be stored has to be.
        var lines = (await Shell.Must("env", "AMPX_POSTGRES_DURABLE=1", Script, "start")).Split('\n');
        return new(lines[^2], lines[^1]);
    }

    /// <summary>Its processes end at once, as in a crash; <see cref="Restart"/> brings it back.</summary>
    public Task Crash() => Shell.Must(Script, "crash", Folder);

    /// <summary>As after a crash: no client is told, the log is replayed.</summary>
    public Task Restart() => Shell.Must(Script, "restart", Folder);

    public async ValueTask DisposeAsync() => await Shell.Must(Script, "stop", Folder);

    private static string Script
    {
        get
        {
            for (var place = new DirectoryInfo(AppContext.BaseDirectory); place is not null; place = place.Parent)
                if (File.Exists(Path.Combine(place.FullName, "Ampx.sln"))) return Path.Combine(place.FullName, "scripts", "postgres.sh");
            throw new FileNotFoundException($"no checkout above {AppContext.BaseDirectory}", "scripts/postgres.sh");
        }
    }
}
