using Ampx.Core.Api;
using Ampx.Core.Tasks;
using Ampx.Gateway;
using Ampx.Silo.Admin;
using Ampx.Silo.Agents;
using Ampx.Silo.Doctor;
using Ampx.Silo.Forges;
using Ampx.Silo.Forges.GitHub;
using Ampx.Silo.Git;
using Ampx.Silo.Notifications;
using Ampx.Silo.Storage;
using Ampx.Silo.Telemetry;
using Ampx.Silo.Workers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Dashboard;

namespace Ampx.Silo.Hosting;

/// <summary>The service's table of contents: what is in a process, by its roles.</summary>
internal static class ServiceSetup
{
    public static void AddAmpx(this WebApplicationBuilder builder, AccessPlan access, HostingPlan plan, DataFolder folder)
    {
        var services = builder.Services;
        builder.WebHost.UseUrls(access.Service.Urls);
        services.AddSingleton(KnownSecrets.Of(builder.Configuration, AgentEnvironment.OfService(), folder.TokenFile));
        builder.AddLogging();
        builder.AddTelemetry(folder);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(7));
        services.AddSingleton(ClockFile.Open(folder.Path)).AddSingleton<TimeProvider>(provider => provider.GetRequiredService<SteadyClock>()).AddHostedService<ClockFile>().AddSingleton(folder);
        services.AddHealthChecks().AddCheck<SiloHealth>("silo");
        if (plan.IsSilo)
        {
            builder.AddSilo(plan, folder);
            services.AddNotifications(access.Service.PublicUrl, plan.IsGateway);
        }
        else
        {
            builder.AddClusterClient(plan, folder);
        }

        if (plan.IsGateway) services.AddGateway(access, plan, folder);
    }

    private static void AddSilo(this WebApplicationBuilder builder, HostingPlan plan, DataFolder folder)
    {
        var services = builder.Services;
        services.AddOptions<WorkerOptions>().BindConfiguration("Ampx:Workers").ValidateDataAnnotations();
        services.AddOptions<RetryOptions>().BindConfiguration("Ampx:Retry").ValidateDataAnnotations();
        services.AddSingleton(Rules);
        services.AddAgents(folder.Path).AddGit(_ => folder.Path).AddForges().AddDoctor(folder.Path).AddSingleton<IServiceFacts, ServiceFacts>();
        builder.UseOrleans(silo =>
        {
            silo.UseAmpxCluster(plan).Configure<SiloOptions>(o => o.SiloName = folder.WorkerId).AddAmpxStorage(() => plan.OpenStorage(folder));
            if (plan.IsGateway) silo.AddDashboard(dashboard => dashboard.HideTrace = true);
        });
        if (plan.IsClustered) services.StopWithoutDatabase();
        services.AddWorker().AddAdminOfMachine();
    }

    private static void AddClusterClient(this WebApplicationBuilder builder, HostingPlan plan, DataFolder folder)
    {
        builder.Services.AddAmpxStorage(() => plan.OpenStorage(folder));
        builder.Services.AddGitHub().AddSingleton<IServiceFacts, RemoteFacts>().AddSingleton<IServiceBackup, NoBackup>();
        builder.UseAmpxClusterClient(plan);
    }

    private static void AddGateway(this IServiceCollection services, AccessPlan access, HostingPlan plan, DataFolder folder)
    {
        // Nothing of ours is sealed with these keys, but ASP.NET makes them at the first start: here rather than in the user's home.
        services.AddDataProtection().PersistKeysToFileSystem(new DirectoryInfo(folder.In("keys")));
        services.AddAmpxGateway(gateway =>
        {
            (gateway.DataDirectory, gateway.Dashboard) = (folder.Path, plan.IsSilo);
            access.Apply(gateway);
        });
        services.AddOptions<Ampx.Gateway.GatewayOptions>().Configure<IOptions<GitHubOptions>>((gateway, gitHub) =>
            (gateway.GitHubWebUrl, gateway.GitHubWebhookSecret) = (gitHub.Value.WebUrl, gitHub.Value.WebhookSecret));
    }

    private static void AddLogging(this WebApplicationBuilder builder)
    {
        // Its advice on the garbage collector is for servers that do nothing else.
        builder.Logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error);
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        // Its first look counts from the machine's boot and warns of hours.
        builder.Logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Ampx", LogLevel.Information);
        // A line or two for each request that isn't signed in: strangers could fill the disk.
        builder.Logging.AddFilter("Ampx.Gateway.Auth.AmpxAuthentication", LogLevel.Warning);
        builder.Logging.ClearProviders().AddConfiguration(builder.Configuration.GetSection("Logging"));
        builder.Logging.Configure(log => log.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        if (builder.Configuration["Ampx:Telemetry:LogFormat"] is "json")
        {
            builder.Logging.AddJsonConsole(console => (console.IncludeScopes, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
        }
        else
        {
            builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.TimestampFormat) = (true, "HH:mm:ss "));
        }

        RedactedConsole.Wrap(builder.Services);
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
}
