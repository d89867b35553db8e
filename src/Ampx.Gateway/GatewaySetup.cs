using Ampx.Core;
using Ampx.Gateway.Auth;
using Ampx.Gateway.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Dashboard;

namespace Ampx.Gateway;

/// <summary>The gateway's table of contents: its services, and the order in which a request meets them.</summary>
public static class GatewaySetup
{
    /// <summary>The path that the REST interface lives under.</summary>
    public const string ApiBase = "/api/v1";

    /// <summary>The largest request body that is read.</summary>
    public const int MaxBody = 256 * 1024;

    /// <summary>
    /// Adds the gateway. The host adds <c>IGrainFactory</c>, <c>ITaskIndex</c>, <c>ITaskChanges</c>, <c>ILogReader</c> and <c>IServiceFacts</c>,
    /// and health checks for whatever must work before traffic comes.
    /// </summary>
    public static IServiceCollection AddAmpxGateway(this IServiceCollection services, Action<GatewayOptions> configure)
    {
        services.AddOptions<GatewayOptions>().Configure(configure)
            .Validate(options => options.DataDirectory.Length > 0, "Ampx:DataDirectory is empty: give a folder");
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<TaskLookup>();
        services.AddSingleton<QueuePlaces>();
        services.AddSingleton<LogTails>();
        services.AddSingleton<TaskFeed>();
        services.AddSingleton<StreamSlots>();
        services.AddSingleton<MergeWait>();
        services.AddSingleton<GitHubWebhooks>();
        services.AddSingleton<LastDelivery>();
        services.AddAmpxAuth();
        services.AddExceptionHandler<Problems>();
        services.AddHealthChecks();
        services.ConfigureHttpJsonOptions(json => AmpxJson.Configure(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
        });
        return services;
    }

    /// <summary>Puts the gateway into the pipeline and maps its routes. Makes the token file if this is the first start.</summary>
    public static WebApplication MapAmpxGateway(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value;
        app.Services.GetRequiredService<LocalToken>();

        app.Use(AddHeaders);
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(Problems.ForEmptyAnswer);
        app.UseRouting();
        app.UseAuthentication();
        app.UseMiddleware<OriginGuard>();
        app.UseAuthorization();

        var api = app.MapGroup(ApiBase);
        api.MapTasks();
        api.MapLogs();
        api.MapTaskStream();
        api.MapService();
        api.MapAdmin();
        api.MapWorkers();
        app.MapSignIn();
        app.MapHealth();
        app.MapGitHubWebhooks(options);
        app.Map("/tasks/{**rest}", ToApi);
        app.MapGet("/", () => TypedResults.Redirect("/dashboard"));
        if (options.Dashboard) app.MapOrleansDashboard("/dashboard").RequireAuthorization();
        return app;
    }

    /// <summary>Only whether the process is well: for one that is no gateway.</summary>
    public static WebApplication MapAmpxHealth(this WebApplication app)
    {
        app.Use(AddHeaders);
        app.MapHealth();
        return app;
    }

    /// <summary><c>/tasks…</c> without the base: 308 keeps method and body.</summary>
    private static RedirectHttpResult ToApi(HttpRequest request) =>
        TypedResults.Redirect(new PathString(ApiBase).Add(request.Path).ToUriComponent() + request.QueryString, permanent: true, preserveMethod: true);

    /// <summary>At the last moment, because an error's answer starts from clean headers.</summary>
    private static Task AddHeaders(HttpContext http, RequestDelegate next)
    {
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            if (headers.CacheControl.Count == 0 && http.Request.Path.StartsWithSegments(ApiBase, StringComparison.Ordinal)) headers.CacheControl = "private, no-cache";
            return Task.CompletedTask;
        });
        return next(http);
    }
}
