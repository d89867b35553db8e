using System.Data.Common;
using Microsoft.AspNetCore.Hosting;
using Ampx.Core;
using Ampx.Core.Secrecy;
using Ampx.Gateway;
using Ampx.Gateway.Auth;
using Ampx.Silo.Admin;
using Ampx.Silo.Agents;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;
using Ampx.Silo.Git;
using Ampx.Silo.Notifications;
using Ampx.Silo.Git.Guarding;
using Ampx.Silo.Storage;
using Ampx.Silo.Telemetry;
using Ampx.Silo.Workers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Ampx.Silo.Hosting;

/// <summary>A service over one data folder: silo with worker, gateway, or both, as the settings say.</summary>
public sealed partial class AmpxService : IAsyncDisposable
{
    /// <summary>Every section under <c>Ampx</c>, and the class that says what may stand in it.</summary>
    private static readonly Dictionary<string, Type> Sections = new()
    {
        [""] = typeof(ServiceOptions),
        ["Agents"] = typeof(Dictionary<string, AgentOptions>),
        ["Auth"] = typeof(AuthOptions),
        ["Checkpoint"] = typeof(CheckpointOptions),
        ["Ci"] = typeof(CiOptions),
        ["Cluster"] = typeof(ClusterOptions),
        ["Cors"] = typeof(CorsOptions),
        ["Git"] = typeof(GitOptions),
        ["GitHub"] = typeof(GitHubOptions),
        ["Guards"] = typeof(GuardOptions),
        ["Logs"] = typeof(LogOptions),
        ["Notify"] = typeof(NotifyOptions),
        ["PullRequest"] = typeof(PullRequestOptions),
        ["RateLimit"] = typeof(RateLimitOptions),
        ["Retry"] = typeof(RetryOptions),
        ["Storage"] = typeof(StorageOptions),
        ["Telemetry"] = typeof(TelemetryOptions),
        ["Workers"] = typeof(WorkerOptions),
        ["Workspaces"] = typeof(WorkspaceOptions),
    };

    /// <summary>A little more than what the host gives its services.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(7.5);

    private static readonly TimeSpan DisposeLimit = TimeSpan.FromSeconds(1);

    private readonly WebApplication app;
    private readonly DataFolder folder;
    private readonly HostingPlan plan;
    private readonly ILogger log;
    private Task? stopped;

    private AmpxService(WebApplication app, DataFolder folder, HostingPlan plan)
    {
        this.app = app;
        this.folder = folder;
        this.plan = plan;
        log = app.Services.GetRequiredService<ILogger<AmpxService>>();
    }

    /// <summary>Where the gateway answers (without one: health only), with the port that it really has.</summary>
    public string Url => Ports.Reachable(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public string DataDirectory => folder.Path;

    /// <summary>False for a silo alone, which serves only its health.</summary>
    public bool HasApi => plan.IsGateway;

    /// <summary>Null where no gateway is.</summary>
    public string? TokenFile => plan.IsGateway ? Gateway.BootstrapTokenPath is { Length: > 0 } given && Gateway.Tokens ? Path.GetFullPath(given) : folder.TokenFile : null;

    public IServiceProvider Services => app.Services;

    /// <summary>Agent and CI runs under way.</summary>
    public int Running => app.Services.GetService<Worker>()?.Held.Count ?? 0;

    /// <summary>A path that signs a browser in, once, within a minute; null where no gateway is, or each user signs in.</summary>
    public string? SignInPath() => plan.IsGateway && !Gateway.Tokens ? app.Services.GetRequiredService<SignInCodes>().New().Path : null;

    private Ampx.Gateway.GatewayOptions Gateway => app.Services.GetRequiredService<IOptions<Ampx.Gateway.GatewayOptions>>().Value;

    /// <summary>Starts the service; <paramref name="flags"/> are settings such as <c>Ampx:Urls</c> that go before file and environment.</summary>
    /// <param name="hearSignals">SIGTERM and Ctrl+C stop it; false where the caller listens to them.</param>
    /// <param name="migrated">Is told how far the database's migration is, where there is one.</param>
    /// <exception cref="StartException">In one line: what is wrong and how to mend it.</exception>
    public static async Task<AmpxService> Start(IReadOnlyDictionary<string, string?> flags, bool hearSignals, CancellationToken cancel, Migrated? migrated = null)
    {
        var settings = new ConfigurationManager();
        Settings.Load(settings, flags);
        Settings.Check(settings, Sections);
        AppSettings.Check(settings);
        var options = settings.GetSection("Ampx").Get<ServiceOptions>() ?? new ServiceOptions();
        var access = AccessPlan.Of(options, settings);
        var plan = HostingPlan.Of(options, settings);
        var folder = DataFolder.Open(options.DataDirectory);
        try
        {
            // Before anything is started: a service that can't listen shouldn't take up work first.
            Ports.Check(options.Urls);
            plan.CheckPorts();
            var app = await AwayDatabase.WaitFor(() => Begin(flags, hearSignals, access, plan, folder, migrated, cancel), plan.StartTimeout, words => Console.Error.WriteLine($"ampx: {words}"), cancel);
            var service = new AmpxService(app, folder, plan);
            try
            {
                ServiceFile.Own(service.Url, app.Services.GetRequiredService<TimeProvider>().GetUtcNow()).Write(folder.Path);
                return service;
            }
            catch (IOException full)
            {
                await service.Stop(stopAgents: false);
                await service.DisposeAsync();
                throw new StartException($"the data folder {folder.Path} can't be written: {full.Message}", full);
            }
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Ends the service within ten seconds; agents go on under their supervisors unless <paramref name="stopAgents"/>.</summary>
    public async Task Stop(bool stopAgents)
    {
        // First the service: as long as it lives it takes a stopped agent for lost and starts it again.
        await (stopped ??= End(app.StopAsync(), StopLimit));
        if (stopAgents && plan.IsSilo) await app.Services.GetRequiredService<RunCarrier>().StopAll();
    }

    /// <summary>Completes when something else has ended the service, a signal for example.</summary>
    public Task Completion => app.WaitForShutdownAsync();

    public async ValueTask DisposeAsync()
    {
        await End(app.DisposeAsync().AsTask(), DisposeLimit);
        folder.Dispose();
    }

    /// <summary>What doesn't end in time, because it waits for a database that hangs, ends with the process: everything that counts is on disk.</summary>
    private async Task End(Task ending, TimeSpan limit)
    {
        try
        {
            await ending.WaitAsync(limit);
        }
        catch (Exception unfinished) when (unfinished is OperationCanceledException or TimeoutException or AggregateException)
        {
            LogUnfinished(log, unfinished);
        }
    }

    private static async Task<WebApplication> Begin(
        IReadOnlyDictionary<string, string?> flags, bool hearSignals, AccessPlan access, HostingPlan plan, DataFolder folder, Migrated? migrated, CancellationToken cancel)
    {
        await plan.Prepare(folder, migrated, cancel);
        // Empty, since the other builders read the appsettings.json of whatever folder the user stands in, and watch that folder with all below it.
        var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        if (!hearSignals) builder.Services.AddSingleton<IHostLifetime, Unsignalled>();
        Settings.Load(builder.Configuration, flags);
        builder.AddAmpx(access, plan, folder);
        var app = builder.Build();
        try
        {
            if (plan.IsGateway) app.MapAmpxGateway();
            else app.MapAmpxHealth();
            app.MapMetrics();
            if (plan.IsGateway) await EnsureAdmin(app, cancel);
            await Listen(app, access.Service, plan, cancel);
            // Made at the first start.
            if (File.Exists(folder.TokenFile)) app.Services.GetRequiredService<Redactor>().Know((await File.ReadAllTextAsync(folder.TokenFile, cancel)).Trim());
            return app;
        }
        catch
        {
            // Nothing of it may live on when the next try begins, or another service has the folder.
            await app.DisposeAsync();
            throw;
        }
    }

    private static async Task EnsureAdmin(WebApplication app, CancellationToken cancel)
    {
        try
        {
            await app.EnsureAmpxAdmin(cancel);
        }
        catch (InvalidOperationException wrong) when (wrong is not ObjectDisposedException)
        {
            throw new StartException($"couldn't make the first admin's token: {wrong.Message}", wrong);
        }
        catch (DbException away)
        {
            throw new StorageException($"Ampx can't read its tokens: {away.Message.ReplaceLineEndings(" ")}", away);
        }
    }

    private static async Task Listen(WebApplication app, ServiceOptions options, HostingPlan plan, CancellationToken cancel)
    {
        try
        {
            await app.StartAsync(cancel);
        }
        catch (OptionsValidationException wrong)
        {
            throw new StartException(string.Join("; ", wrong.Failures), wrong);
        }
        catch (IOException busy) when (busy.InnerException is AddressInUseException || busy.Message.Contains("address already in use", StringComparison.OrdinalIgnoreCase))
        {
            throw Ports.InUse(options.Urls, busy);
        }
        catch (Exception away) when (plan.IsClustered && (Unreachable.Is(away) || away is OrleansException))
        {
            throw new StartException($"couldn't join the cluster '{plan.Cluster.Id}' (Ampx:Cluster:Id): {away.GetBaseException().Message.ReplaceLineEndings(" ")}", away);
        }
    }

    [LoggerMessage(LogLevel.Warning, "not everything has ended in time; it ends with the process")]
    private static partial void LogUnfinished(ILogger log, Exception exception);

    private sealed class Unsignalled : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
