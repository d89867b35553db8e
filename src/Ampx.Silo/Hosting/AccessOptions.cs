using System.ComponentModel.DataAnnotations;
using Ampx.Gateway.Auth;
using Microsoft.Extensions.Configuration;

namespace Ampx.Silo.Hosting;

/// <summary>Section <c>Ampx:Auth</c>.</summary>
public sealed class AuthOptions
{
    /// <summary><c>local</c>: one token, in the data directory. <c>tokens</c>: many users, each with tokens of their own.</summary>
    [AllowedValues("local", "tokens")]
    public string Mode { get; set; } = "local";

    /// <summary>A file with the first admin's token of mode <c>tokens</c>.</summary>
    public string? BootstrapTokenPath { get; set; }

    internal bool HasTokens => Mode == "tokens";
}

/// <summary>Section <c>Ampx:Cors</c>.</summary>
public sealed class CorsOptions
{
    /// <summary>Other sites whose pages may call, such as <c>https://tools.example.com</c>.</summary>
    public IList<string> Origins { get; } = [];
}

/// <summary>Section <c>Ampx:RateLimit</c>: what one token may ask of one gateway in mode <c>tokens</c>.</summary>
public sealed class RateLimitOptions
{
    /// <summary>Requests a second, lastingly.</summary>
    [Range(1, 1_000_000)]
    public int PerSecond { get; set; } = 50;

    /// <summary>And at once after a pause.</summary>
    [Range(1, 1_000_000)]
    public int Burst { get; set; } = 200;

    /// <summary>Streams open at once.</summary>
    [Range(1, 1_000_000)]
    public int Streams { get; set; } = 200;
}

/// <summary>Who may reach the gateway, from where, and how it is called; held together before anything is started.</summary>
internal sealed record AccessPlan(ServiceOptions Service, AuthOptions Auth, CorsOptions Cors, RateLimitOptions RateLimit)
{
    /// <exception cref="StartException">Settings that don't go together, or a value that is none.</exception>
    public static AccessPlan Of(ServiceOptions service, IConfiguration settings)
    {
        var plan = new AccessPlan(service, Section<AuthOptions>("Auth"), Section<CorsOptions>("Cors"), Section<RateLimitOptions>("RateLimit"));
        if (service.PublicUrl is { } url && !plan.Auth.HasTokens)
            throw new StartException($"Ampx:PublicUrl is '{url}', but Ampx:Auth:Mode is 'local', in which everyone is admin: set it to tokens");
        foreach (var from in service.ForwardedFrom.Where(from => Proxies.Parse(from) is null))
            throw new StartException($"Ampx:ForwardedFrom has '{from}', which is no address or network such as 10.1.2.3 or 10.0.0.0/8");
        foreach (var origin in plan.Cors.Origins.Where(origin => !IsOrigin(origin)))
            throw new StartException($"Ampx:Cors:Origins has '{origin}', which is no origin such as https://tools.example.com");
        Ports.CheckUrls(service.Urls, plan.Auth.HasTokens);
        return plan;

        T Section<T>(string name) where T : new() => settings.GetSection($"Ampx:{name}").Get<T>() ?? new();
    }

    /// <summary>Hands them to the gateway.</summary>
    public void Apply(Ampx.Gateway.GatewayOptions gateway)
    {
        (gateway.Tokens, gateway.BootstrapTokenPath, gateway.PublicUrl) = (Auth.HasTokens, Auth.BootstrapTokenPath, Service.PublicUrl);
        (gateway.RateLimit, gateway.Streams) = ((RateLimit.PerSecond, RateLimit.Burst), RateLimit.Streams);
        foreach (var from in Service.ForwardedFrom) gateway.ForwardedFrom.Add(from);
        foreach (var origin in Cors.Origins) gateway.Origins.Add(origin);
        // A name to listen on is a name to be called by; an address is known by the connection.
        foreach (var url in Ports.Each(Service.Urls).Select(url => new Uri(url)).Where(url => url.HostNameType is UriHostNameType.Dns)) gateway.Hosts.Add(url.Host);
    }

    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url!.GetLeftPart(UriPartial.Authority).Equals(text.TrimEnd('/'), StringComparison.OrdinalIgnoreCase);
}
