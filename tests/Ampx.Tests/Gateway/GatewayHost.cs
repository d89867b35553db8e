using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Ampx.Core.Api;
using Ampx.Core.Logs;
using Ampx.Core.Tasks;
using Ampx.Gateway;
using Ampx.Gateway.Auth;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Ampx.Tests.Gateway;

/// <summary>The gateway on real Kestrel at a free loopback port, with everything behind it in memory.</summary>
public sealed class GatewayHost : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("ampx-gateway-");
    private WebApplication app = null!;

    internal const string WebhookSecret = "hush, the hook's";

    internal TimeSpan? RequestTimeout { get; init; }
    internal string? Secret { get; init; } = WebhookSecret;

    /// <summary>Mode <c>tokens</c> with these; null: mode <c>local</c>.</summary>
    internal ITokenStore? Tokens { get; init; }

    /// <summary>Other options than usual.</summary>
    internal Action<GatewayOptions>? More { get; init; }
    internal FakeTimeProvider Time { get; } = new(DateTimeOffset.Parse("2026-05-04T12:00:00Z", null));
    internal FakeTasks Tasks { get; }
    internal FakeLogs Logs { get; }
    internal FakeFacts Facts { get; } = new();
    internal FakeRequestKeys Keys { get; } = new();
    internal FakeBackup Backup { get; } = new();
    internal Written Log { get; } = new();
    internal string DataDirectory => Path.Combine(folder.FullName, "data");
    internal string Token => File.ReadAllText(LocalToken.PathIn(DataDirectory)).Trim();
    internal Uri Address { get; private set; } = null!;
    internal bool Healthy { get; set; } = true;
    internal SignInCodes Codes => app.Services.GetRequiredService<SignInCodes>();
    internal IServiceProvider Services => app.Services;
    internal IReadOnlyList<RouteEndpoint> Routes => [.. app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    /// <summary>Sends the token with everything.</summary>
    internal HttpClient Client { get; private set; } = null!;

    /// <summary>Sends nothing by itself.</summary>
    internal HttpClient Stranger { get; private set; } = null!;

    public GatewayHost()
    {
        Tasks = new(Time);
        Logs = new(Time);
    }

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Log);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(Time);
        builder.Services.AddSingleton<IGrainFactory>(Tasks);
        builder.Services.AddSingleton<ITaskIndex>(Tasks);
        builder.Services.AddSingleton<ITaskChanges>(Tasks);
        builder.Services.AddSingleton<ILogReader>(Logs);
        builder.Services.AddSingleton<IRequestKeys>(Keys);
        if (Tokens is not null) builder.Services.AddSingleton(Tokens);
        builder.Services.AddSingleton<IServiceFacts>(Facts);
        builder.Services.AddSingleton<IServiceBackup>(Backup);
        builder.Services.AddHealthChecks().AddCheck("silo", () => Healthy ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("no secret here"));
        builder.Services.AddAmpxGateway(options =>
        {
            options.DataDirectory = DataDirectory;
            options.Dashboard = false;
            options.Version = "1.2.3";
            options.RequestTimeout = RequestTimeout ?? options.RequestTimeout;
            options.GitHubWebhookSecret = Secret;
            options.Tokens = Tokens is not null;
            More?.Invoke(options);
        });
        app = builder.Build();
        app.MapAmpxGateway();
        await app.EnsureAmpxAdmin(CancellationToken.None);
        app.MapGet("/dashboard", () => "the dashboard"); // Orleans' own needs a silo
        await app.StartAsync();
        Address = new Uri(app.Urls.Single());
        Stranger = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
        Client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
        if (File.Exists(LocalToken.PathIn(DataDirectory))) Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public async ValueTask DisposeAsync()
    {
        // A start may have been refused.
        Client?.Dispose();
        Stranger?.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        folder.Delete(recursive: true);
    }

    internal Task<Answer> Get(string path, params (string Name, string Value)[] headers) => Send(HttpMethod.Get, path, null, headers);

    internal Task<Answer> Post(string path, string json, params (string Name, string Value)[] headers) => Send(HttpMethod.Post, path, json, headers);

    internal Task<Answer> Patch(string path, string json, params (string Name, string Value)[] headers) => Send(HttpMethod.Patch, path, json, headers);

    internal Task<Answer> Send(HttpMethod method, string path, string? json, params (string Name, string Value)[] headers) => Send(Client, method, path, json, headers);

    internal static async Task<Answer> Send(HttpClient client, HttpMethod method, string path, string? json, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await client.SendAsync(request);
        return new(
            (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(),
            response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(",", header.Value), StringComparer.OrdinalIgnoreCase));
    }
}

/// <summary>An answer, read to its end.</summary>
internal sealed record Answer(int Status, string? Type, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Body);

    /// <summary>Asserts that these are whole problem details, without a trace of code.</summary>
    public JsonElement Problem(int status, string code)
    {
        Assert.True(Status == status, $"{Status} instead of {status}: {Body}");
        Assert.Equal("application/problem+json", Type);
        var problem = Json;
        Assert.Equal((status, code, $"urn:ampx:error:{code}"), (problem.GetProperty("status").GetInt32(), problem.GetProperty("code").GetString(), problem.GetProperty("type").GetString()));
        foreach (var field in new[] { "title", "detail", "trace_id" }) Assert.NotEmpty(problem.GetProperty(field).GetString()!);
        Assert.DoesNotContain("   at ", Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", Body, StringComparison.Ordinal);
        return problem;
    }

    /// <summary>Asserts a 400 that names these fields, and no other.</summary>
    public void BadFields(params string[] fields) =>
        Assert.Equal(fields.Order(StringComparer.Ordinal), Problem(400, "bad_request").GetProperty("errors").EnumerateObject().Select(field => field.Name));
}
