using System.Text.Json.Serialization;
using Ampx.Core;
using Ampx.Gateway.Auth;
using Ampx.Gateway.Board;
using Ampx.Gateway.Description;
using Ampx.Gateway.Streams;
using Ampx.Gateway.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
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
    /// Adds the gateway. The host adds <c>IGrainFactory</c>, <c>ITaskIndex</c>, <c>ITaskChanges</c>, <c>IRequestKeys</c>, <c>ILogReader</c> and <c>IServiceFacts</c>,
    /// and health checks for whatever must work before traffic comes.
    /// </summary>
    public static IServiceCollection AddAmpxGateway(this IServiceCollection services, Action<GatewayOptions> configure)
    {
        services.AddOptions<GatewayOptions>().Configure(configure)
            .Validate(options => options.DataDirectory.Length > 0, "Ampx:DataDirectory is empty: give a folder");
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<TaskLookup>();
        services.AddSingleton<NewTasks>();
        services.AddSingleton<TaskRemoval>();
        services.AddSingleton<QueuePlaces>();
        services.AddSingleton<WorkProgress>();
        services.AddSingleton<LogTails>();
        services.AddSingleton<TaskFeed>();
        services.AddSingleton<MergeWait>();
        services.AddSingleton<GitHubWebhooks>();
        services.AddSingleton<LastDelivery>();
        services.AddAmpxAuth();
        services.AddRequestRate();
        services.AddCors();
        services.AddExceptionHandler<Problems>();
        services.AddHealthChecks();
        services.ConfigureHttpJsonOptions(json => AmpxJson.Configure(json.SerializerOptions).NumberHandling = JsonNumberHandling.Strict);
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddLimits();
        services.AddApiDocument();
        return services;
    }

    /// <summary>Puts the gateway into the pipeline and maps its routes. Makes the token file if this is the first start.</summary>
    public static WebApplication MapAmpxGateway(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value;
        if (!options.Tokens) app.Services.GetRequiredService<LocalToken>();

        app.Use(AddHeaders);
        app.UseResponseCompression();
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(Problems.ForEmptyAnswer);
        app.Use(OriginGuard.ForHost(options));
        app.UseForwardedHeaders(Proxies.Headers(options));
        app.UseRouting();
        if (options.Origins.Count > 0) app.UseCors(cors => Open(cors, options.Origins));
        app.UseRequestTimeouts();
        app.UseAuthentication();
        app.UseMiddleware<OriginGuard>();
        if (options.Tokens) app.UseRateLimiter().Use(app.Services.GetRequiredService<TokenCare>().Watch);
        app.UseAuthorization();
        app.Use(GatewayLimits.RefuseLargeBody);

        var api = app.MapGroup(ApiBase);
        api.MapTasks();
        api.MapLogs();
        api.MapTaskStream();
        api.MapService();
        api.MapAdmin();
        api.MapWorkers();
        api.MapTokens();
        app.MapSignIn();
        app.MapHealth();
        app.MapGitHubWebhooks(options);
        app.MapApiDocument();
        app.Map("/tasks/{**rest}", ToApi);
        app.MapBoard();
        if (options.Dashboard) app.MapOrleansDashboard("/dashboard").RequireAuthorization();
        return app;
    }

    /// <summary>Sees in mode <c>tokens</c> that an admin has one; before the first request.</summary>
    /// <exception cref="InvalidOperationException">The file that is to hold it doesn't.</exception>
    public static Task EnsureAmpxAdmin(this WebApplication app, CancellationToken cancel) =>
        app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value.Tokens ? app.Services.GetRequiredService<FirstToken>().Ensure(cancel) : Task.CompletedTask;

    /// <summary>Only whether the process is well: for one that is no gateway.</summary>
    public static WebApplication MapAmpxHealth(this WebApplication app)
    {
        app.Use(AddHeaders);
        app.MapHealth();
        return app;
    }

    /// <summary>For pages of these origins, which send a token: cookies are for the service's own.</summary>
    private static void Open(CorsPolicyBuilder cors, IEnumerable<string> origins) => cors
        .WithOrigins([.. origins.Select(origin => origin.TrimEnd('/'))]).AllowAnyHeader().AllowAnyMethod()
        .WithExposedHeaders(HeaderNames.ETag, HeaderNames.Location, HeaderNames.RetryAfter).SetPreflightMaxAge(TimeSpan.FromMinutes(10));

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
            ApiDocument.Guard(http);
            // For whoever has a token: a client of another release line can say so.
            if (http.User.Identity?.IsAuthenticated == true) headers["Ampx-Version"] = http.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value.Version;
            if (headers.CacheControl.Count == 0 && http.Request.Path.StartsWithSegments(ApiBase)) headers.CacheControl = "private, no-cache";
            return Task.CompletedTask;
        });
        return next(http);
    }
}
