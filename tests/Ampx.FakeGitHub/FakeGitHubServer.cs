using Ampx.FakeGitHub.Control;
using Ampx.FakeGitHub.GitHttp;
using Ampx.FakeGitHub.Repositories;
using Ampx.FakeGitHub.Rest;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Ampx.FakeGitHub;

/// <summary>
/// A small GitHub on 127.0.0.1: real git over HTTP, REST under <c>/api/v3/</c> as an Enterprise server has it, and workflows that really run.
/// </summary>
public sealed class FakeGitHubServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private FakeGitHubServer(WebApplication app, Site site) => (this.app, Site) = (app, site);

    /// <summary>What tests arrange and look at.</summary>
    public Site Site { get; }

    /// <summary>The API's base, e.g. <c>http://127.0.0.1:4711/api/v3/</c>; fits <c>GitHub:ApiUrl</c>.</summary>
    public string ApiUrl => Site.ApiUrl;

    /// <summary>The web and git base, e.g. <c>http://127.0.0.1:4711/</c>; fits <c>GitHub:WebUrl</c>.</summary>
    public string WebUrl => Site.WebUrl;

    /// <summary>The port that it listens on.</summary>
    public int Port => Site.Port;

    /// <summary>Starts a server; it is listening when this returns.</summary>
    public static async Task<FakeGitHubServer> Start(FakeGitHubOptions? options = null)
    {
        options ??= new();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{options.Port}");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // packs are as large as they are
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(2));

        var app = builder.Build();
        var site = new Site(options);
        app.UseRequestLog(site);
        app.UseFaults(site);
        if (options.Observe is { } observe) app.UseObserver(observe);
        app.UseRestRules(site);
        app.UseRenames(site);
        app.UseRouting();
        app.MapRest(site);
        app.MapJobLogs(site);
        app.MapGit(site);
        app.MapControl(site);
        await app.StartAsync();

        var address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        site.Port = address.Port;
        site.WebUrl = $"http://127.0.0.1:{address.Port}/";
        site.ApiUrl = site.WebUrl + "api/v3/";
        return new(app, site);
    }

    /// <summary>Every call of the API that is here, e.g. <c>GET /api/v3/repos/{owner}/{repo}/pulls</c>.</summary>
    public IReadOnlyList<string> Routes => [.. app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(route => route.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))
        .SelectMany(route => (route.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Select(method => $"{method} {RequestLogMiddleware.Template(route)}"))];

    /// <summary>A repository with one commit on <c>main</c> that holds these files (path to text).</summary>
    public Task<Repository> CreateRepository(string fullName, IReadOnlyDictionary<string, string> files) =>
        Site.Repositories.Create(new() { FullName = fullName, Files = files });

    /// <summary>A token that may do everything on every repository; its value.</summary>
    public string CreateToken() => Site.Tokens.Create(new()).Value;

    /// <summary>The repository's address for git, without credentials.</summary>
    public string GitUrl(string fullName) => $"{WebUrl}{fullName}.git";

    /// <summary>The repository's address with the token inside, as a quick test has it.</summary>
    public string GitUrl(string fullName, string token) => $"http://x-access-token:{token}@127.0.0.1:{Port}/{fullName}.git";

    /// <summary>Returns when the process was asked to end.</summary>
    public Task WaitForShutdown() => app.WaitForShutdownAsync();

    /// <summary>Ends running jobs, then the server; nothing outlives it.</summary>
    public async ValueTask DisposeAsync()
    {
        await Site.DisposeAsync();
        await app.DisposeAsync();
    }
}
