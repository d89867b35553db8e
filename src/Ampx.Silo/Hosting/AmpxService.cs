using System.Net;
using System.Net.Sockets;
using Ampx.Core;
using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Gateway;
using Ampx.Gateway.Auth;
using Ampx.Silo.Agents;
using Ampx.Silo.Doctor;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Forges.GitHub.Credentials;
using Ampx.Silo.Git;
using Ampx.Silo.Storage;
using Ampx.Silo.Storage.Sqlite;
using Ampx.Silo.Workers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace Ampx.Silo.Hosting;

/// <summary>The whole service in one process: silo, gateway and worker over one data folder.</summary>
public sealed class AmpxService : IAsyncDisposable
{
    /// <summary>Every section under <c>Ampx</c>, and the class that says what may stand in it.</summary>
    private static readonly Dictionary<string, Type> Sections = new()
    {
        [""] = typeof(ServiceOptions),
        ["Agents"] = typeof(Dictionary<string, AgentOptions>),
        ["Auth"] = typeof(AuthOptions),
        ["Ci"] = typeof(CiOptions),
        ["Cluster"] = typeof(ClusterOptions),
        ["Git"] = typeof(GitOptions),
        ["GitHub"] = typeof(GitHubOptions),
        ["PullRequest"] = typeof(PullRequestOptions),
        ["Retry"] = typeof(RetryOptions),
        ["Storage"] = typeof(StorageOptions),
        ["Workers"] = typeof(WorkerOptions),
        ["Workspaces"] = typeof(WorkspaceOptions),
    };

    private readonly WebApplication app;
    private readonly DataFolder folder;
    private Task? stopped;

    private AmpxService(WebApplication app, DataFolder folder)
    {
        this.app = app;
        this.folder = folder;
    }

    /// <summary>Where the gateway answers, with the port that it really has.</summary>
    public string Url => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public string DataDirectory => folder.Path;

    public string TokenFile => folder.TokenFile;

    public IServiceProvider Services => app.Services;

    /// <summary>Agent and CI runs under way.</summary>
    public int Running => app.Services.GetRequiredService<Worker>().Held.Count;

    /// <summary>A path that signs a browser in, once, within a minute.</summary>
    public string SignInPath() => app.Services.GetRequiredService<SignInCodes>().New().Path;

    /// <summary>Starts the service; <paramref name="flags"/> are settings such as <c>Ampx:Urls</c> that go before file and environment.</summary>
    /// <param name="hearSignals">SIGTERM and Ctrl+C stop it; false where the caller listens to them.</param>
    /// <exception cref="StartException">In one line: what is wrong and how to mend it.</exception>
    public static async Task<AmpxService> Start(IReadOnlyDictionary<string, string?> flags, bool hearSignals, CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        if (!hearSignals) builder.Services.AddSingleton<IHostLifetime, Unsignalled>();
        Settings.Load(builder.Configuration, flags);
        Settings.Check(builder.Configuration, Sections);
        AppSettings.Check(builder.Configuration);
        var options = builder.Configuration.GetSection("Ampx").Get<ServiceOptions>() ?? new ServiceOptions();
        Ports.CheckUrls(options.Urls);
        var plan = HostingPlan.Of(options, builder.Configuration);
        var folder = DataFolder.Open(options.DataDirectory);
        WebApplication? app = null;
        try
        {
            // Before anything is started: a service that can't listen shouldn't take up work first.
            Ports.Check(options.Urls);
            await plan.Prepare(folder, cancel);
            Configure(builder, options, plan, folder);
            app = builder.Build();
            app.MapAmpxGateway();
            await Listen(app, options, cancel);
            var service = new AmpxService(app, folder);
            ServiceFile.Own(service.Url, app.Services.GetRequiredService<TimeProvider>().GetUtcNow()).Write(folder.Path);
            return service;
        }
        catch
        {
            // Nothing of it may live on once another service can have the folder.
            if (app is not null) await app.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Ends the service within ten seconds; agents go on under their supervisors unless <paramref name="stopAgents"/>.</summary>
    public async Task Stop(bool stopAgents)
    {
        // First the service: as long as it lives it takes a stopped agent for lost and starts it again.
        await (stopped ??= app.StopAsync());
        if (stopAgents) await app.Services.GetRequiredService<RunCarrier>().StopAll();
    }

    /// <summary>Completes when something else has ended the service, a signal for example.</summary>
    public Task Completion => app.WaitForShutdownAsync();

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        folder.Dispose();
    }

    private static void Configure(WebApplicationBuilder builder, ServiceOptions options, HostingPlan plan, DataFolder folder)
    {
        var services = builder.Services;
        builder.WebHost.UseUrls(options.Urls);
        // Its advice on the garbage collector is for servers that do nothing else.
        builder.Logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error);
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        // Its first look counts from the machine's boot and warns of hours.
        builder.Logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Ampx", LogLevel.Information);
        builder.Logging.ClearProviders().AddConfiguration(builder.Configuration.GetSection("Logging")).AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        });
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(8));
        services.AddSingleton(ClockFile.Open(folder.Path)).AddSingleton<TimeProvider>(provider => provider.GetRequiredService<SteadyClock>()).AddHostedService<ClockFile>().AddSingleton(folder);
        services.AddOptions<WorkerOptions>().BindConfiguration("Ampx:Workers").ValidateDataAnnotations();
        services.AddOptions<RetryOptions>().BindConfiguration("Ampx:Retry").ValidateDataAnnotations();
        services.AddSingleton(Rules);
        services.AddAgents(folder.Path).AddGit(_ => folder.Path).AddForges().AddDoctor(folder.Path).AddSingleton<IServiceFacts, ServiceFacts>();
        builder.UseOrleans(silo => silo
            .UseAmpxCluster(plan)
            .Configure<SiloOptions>(o => o.SiloName = folder.WorkerId)
            .AddAmpxStorage(() => plan.OpenStorage(folder))
            .AddDashboard(dashboard => dashboard.HideTrace = true));
        services.AddWorker();
        // Nothing of ours is sealed with these keys, but ASP.NET makes them at the first start: here rather than in the user's home.
        services.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(folder.In("keys")));
        services.AddHealthChecks().AddCheck<SiloHealth>("silo");
        services.AddAmpxGateway(gateway => gateway.DataDirectory = folder.Path);
        services.AddOptions<Ampx.Gateway.GatewayOptions>().Configure<IOptions<GitHubOptions>>((gateway, gitHub) =>
            (gateway.GitHubWebUrl, gateway.GitHubWebhookSecret) = (gitHub.Value.WebUrl, gitHub.Value.WebhookSecret));
    }

    private static TaskRules Rules(IServiceProvider services)
    {
        var retry = services.GetRequiredService<IOptions<RetryOptions>>().Value;
        var ci = services.GetRequiredService<IOptions<CiOptions>>().Value;
        return new TaskRules
        {
            CiStartTimeout = ci.StartTimeout,
            CiTimeout = ci.Timeout,
            StepAttempts = retry.StepAttempts,
            BaseDelay = retry.BaseDelay,
            MaxDelay = retry.MaxDelay,
            PullRequestOnNeedsReview = services.GetRequiredService<IOptions<PullRequestOptions>>().Value.OnNeedsReview,
        };
    }

    private static async Task Listen(WebApplication app, ServiceOptions options, CancellationToken cancel)
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
    }

    private sealed class Unsignalled : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
