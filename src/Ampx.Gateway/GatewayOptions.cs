namespace Ampx.Gateway;

/// <summary>What the gateway needs to know from the configuration.</summary>
public sealed class GatewayOptions
{
    /// <summary>Where the token file lives; made with mode 0700 if it isn't there.</summary>
    public string DataDirectory { get; set; } = "";

    /// <summary>Mode <c>tokens</c>: many users, each with tokens of their own; else the one token of the data folder. The host adds <c>ITokenStore</c>.</summary>
    public bool Tokens { get; set; }

    /// <summary>A file with the first admin's token of mode <c>tokens</c>; null: one is made in the data folder.</summary>
    public string? BootstrapTokenPath { get; set; }

    /// <summary>The address that people use behind a reverse proxy; its host is accepted and <c>Location</c> uses it.</summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>Host names accepted in the Host header beside loopback and the address that a request came in on.</summary>
    public IList<string> Hosts { get; } = [];

    /// <summary>Origins of other sites that may call, such as <c>https://tools.example.com</c>.</summary>
    public IList<string> Origins { get; } = [];

    /// <summary>Addresses and networks (<c>10.0.0.0/8</c>) of the proxies whose <c>X-Forwarded-*</c> count; empty: loopback's.</summary>
    public IList<string> ForwardedFrom { get; } = [];

    /// <summary>Requests a second and at once that a token may make in mode <c>tokens</c>.</summary>
    public (int PerSecond, int Burst) RateLimit { get; set; } = (50, 200);

    /// <summary>Streams that a token may have open in mode <c>tokens</c>.</summary>
    public int Streams { get; set; } = 200;

    /// <summary>Maps the Orleans Dashboard; the silo (or client) must have called <c>AddDashboard</c>.</summary>
    public bool Dashboard { get; set; } = true;

    /// <summary>Whether a silo has been reached; before that Orleans doesn't even know the grains' names.</summary>
    public Func<bool> HasSilos { get; set; } = () => true;

    /// <summary>Where GitHub's repositories are: deliveries name them by their web address.</summary>
    public Uri GitHubWebUrl { get; set; } = new("https://github.com/");

    /// <summary>Signs GitHub's deliveries; null or empty: none are taken.</summary>
    public string? GitHubWebhookSecret { get; set; }

    /// <summary>How long an ordinary request may take.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>What <c>GET /version</c> answers.</summary>
    public string Version { get; set; } = typeof(GatewayOptions).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
}
