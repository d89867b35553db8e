using System.ComponentModel.DataAnnotations;

namespace Ampx.Silo.Hosting;

/// <summary>Section <c>Ampx</c>: where the service lives and listens.</summary>
public sealed class ServiceOptions
{
    /// <summary>Database, mirrors, workspaces and run files; made with mode 0700.</summary>
    [Required]
    public string DataDirectory { get; set; } = DefaultDataDirectory();

    /// <summary>Where the gateway listens; beyond loopback in mode <c>tokens</c> only.</summary>
    [Required]
    public string Urls { get; set; } = "http://127.0.0.1:8080";

    /// <summary>The address that people use behind a reverse proxy; in mode <c>tokens</c> only.</summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>Addresses and networks of the proxies whose <c>X-Forwarded-*</c> count; loopback's unless given.</summary>
    public IList<string> ForwardedFrom { get; } = [];

    /// <summary><c>silo</c>, <c>gateway</c>: what this process is; both unless given. One alone needs a cluster on PostgreSQL.</summary>
    public IList<string> Roles { get; } = [];

    internal bool IsSilo => Has("silo");

    internal bool IsGateway => Has("gateway");

    private bool Has(string role) => Roles.Count == 0 || Roles.Contains(role);

    private static string DefaultDataDirectory()
    {
        var data = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        if (string.IsNullOrEmpty(data)) data = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        return Path.Combine(data, "ampx");
    }
}

/// <summary>Section <c>Ampx:Storage</c>.</summary>
public sealed class StorageOptions
{
    /// <summary><c>sqlite</c>: files in the data directory. <c>postgres</c>: the database of <see cref="ConnectionString"/>.</summary>
    [AllowedValues("sqlite", "postgres")]
    public string Provider { get; set; } = "sqlite";

    /// <summary>Npgsql's, such as <c>Host=db;Database=ampx;Username=ampx;Password=…</c>; for <c>postgres</c> only. Never logged.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>How long a start waits for a PostgreSQL server that is away.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(30);

    internal bool IsPostgres => Provider is "postgres";
}

/// <summary>Section <c>Ampx:Retry</c>.</summary>
public sealed class RetryOptions
{
    /// <summary>The default of a task's <c>max_attempts</c>.</summary>
    [Range(1, 20)]
    public int MaxAttempts { get; set; } = 3;

    /// <summary>Tries of a step without an agent.</summary>
    [Range(1, 100)]
    public int StepAttempts { get; set; } = 8;

    /// <summary>The first wait of the exponential backoff.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan BaseDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Its longest wait.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "1.00:00:00")]
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromMinutes(15);
}
