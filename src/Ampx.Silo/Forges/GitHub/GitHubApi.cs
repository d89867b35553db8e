using System.Globalization;
using System.Net;
using Ampx.Core.Tasks;
using Microsoft.Extensions.Options;
using Octokit.Internal;
using Polly;
using Polly.Retry;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>
/// The one way to GitHub's API: a client with the repository's token, hiccups of seconds retried here, every failure told as a <see cref="ForgeException"/>.
/// Longer trouble is the task's to wait out.
/// </summary>
public sealed class GitHubApi : IDisposable
{
    private readonly GitHubCredential _credential;
    private readonly TimeProvider _time;
    private readonly HttpClientAdapter _http;
    private readonly HttpMessageInvoker _raw;
    private readonly ResiliencePipeline _hiccups;

    /// <summary>Over <paramref name="network"/>, which follows no redirects by itself.</summary>
    public GitHubApi(IOptions<GitHubOptions> options, GitHubCredential credential, TimeProvider time, HttpMessageHandler network)
    {
        ArgumentNullException.ThrowIfNull(options);
        (Options, _credential, _time) = (options.Value, credential, time);
        _http = new HttpClientAdapter(() => network);
        _http.SetRequestTimeout(TimeSpan.FromSeconds(60));
        _raw = new HttpMessageInvoker(network, disposeHandler: false);
        _hiccups = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = 3,
                Delay = Options.HiccupDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = args => ValueTask.FromResult(IsHiccup(args.Outcome.Exception, args.Context.CancellationToken)),
            })
            .Build();
    }

    internal GitHubOptions Options { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _raw.Dispose();
    }

    /// <summary>The network as Ampx uses it: pooled connections that don't outlive a DNS change, redirects left to the caller, who knows which may see the token.</summary>
    public static SocketsHttpHandler Network() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        ConnectTimeout = TimeSpan.FromSeconds(15),
        AutomaticDecompression = DecompressionMethods.All,
    };

    /// <summary>Asks GitHub. <paramref name="what"/> completes "couldn't …" in the message.</summary>
    /// <exception cref="ForgeException">With Octokit's exception inside where GitHub answered.</exception>
    public async Task<T> Ask<T>(RepoRef repo, string what, Func<Octokit.IGitHubClient, Task<T>> ask, CancellationToken cancel)
    {
        try
        {
            return await _hiccups.ExecuteAsync(async token => await ask(await Client(repo, token)).WaitAsync(token), cancel);
        }
        catch (Exception trouble) when (trouble is not OperationCanceledException || !cancel.IsCancellationRequested)
        {
            throw Told(repo, what, trouble);
        }
    }

    /// <summary>Asks GitHub for something that has no answer.</summary>
    public Task Ask(RepoRef repo, string what, Func<Octokit.IGitHubClient, Task> ask, CancellationToken cancel) =>
        Ask(repo, what, async client =>
        {
            await ask(client);
            return true;
        }, cancel);

    /// <summary>A GraphQL mutation, for what REST lacks.</summary>
    /// <exception cref="ForgeException">Also for errors in a 200 answer.</exception>
    public async Task Mutate(RepoRef repo, string what, string query, Dictionary<string, object> variables, CancellationToken cancel)
    {
        var answer = await Query<GraphQLAnswer>(repo, what, query, variables, cancel);
        if (answer.Errors is [{ } first, ..])
            throw new ForgeException(first.Type is "FORBIDDEN" ? ErrorCodes.GitHubForbidden : ErrorCodes.NotMergeable, $"couldn't {what}: {first.Message}");
    }

    /// <summary>A GraphQL question. Errors in a 200 answer are the caller's to look for.</summary>
    internal async Task<T> Query<T>(RepoRef repo, string what, string query, Dictionary<string, object> variables, CancellationToken cancel) => (await Ask(repo, what, client => client.Connection.Post<T>(
        Options.GraphQL, new Dictionary<string, object> { ["query"] = query, ["variables"] = variables }, "application/json", "application/json", (IDictionary<string, string>?)null, cancel), cancel)).Body;

    /// <summary>One GET beside Octokit, which can't stream; the token goes to the API's own address only.</summary>
    internal async Task<HttpResponseMessage> Get(RepoRef repo, Uri url, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.UserAgent.ParseAdd("ampx/1.0");
        if (url.IsAbsoluteUri && Options.Rest.IsBaseOf(url)) request.Headers.Authorization = new("Bearer", await _credential.Need(repo, cancel));
        return await _raw.SendAsync(request, cancel);
    }

    /// <summary>What a failure means to a task.</summary>
    internal ForgeException Told(RepoRef repo, string what, Exception trouble)
    {
        if (trouble is Octokit.AuthorizationException) _credential.Refused();
        var name = $"{repo.Owner}/{repo.Name}";
        return trouble switch
        {
            ForgeException told => told,
            Octokit.RateLimitExceededException limit => Limited(limit.Reset, "GitHub's rate limit is used up", limit),
            Octokit.AbuseException abuse => Limited(_time.GetUtcNow().AddSeconds(abuse.RetryAfterSeconds ?? 60), "GitHub asks to slow down", abuse),
            Octokit.SecondaryRateLimitExceededException second => Limited(RetryAfter(second), "GitHub asks to slow down", second),
            Octokit.ApiException { StatusCode: HttpStatusCode.TooManyRequests } many => Limited(RetryAfter(many), "GitHub asks to slow down", many),
            Octokit.AuthorizationException no => new(ErrorCodes.GitHubUnauthorized, $"couldn't {what}: GitHub doesn't accept the credential for {name} ({Words(no)}): {GitHubCredential.HowToGiveOne}", no),
            Octokit.ApiException { StatusCode: HttpStatusCode.Forbidden } no => new(ErrorCodes.GitHubForbidden, $"couldn't {what}: the credential may not do that on {name} ({Words(no)})", no),
            Octokit.ApiException { StatusCode: HttpStatusCode.NotFound } no => new(ErrorCodes.GitHubNotFound, $"couldn't {what}: GitHub has no {name}, or the credential can't see it ({Words(no)})", no),
            Octokit.ApiException { StatusCode: (HttpStatusCode)451 } no => new(ErrorCodes.GitHubForbidden, $"couldn't {what}: {name} is blocked ({Words(no)})", no),
            Octokit.ApiException other => new(ErrorCodes.CiInfrastructure, $"couldn't {what}: GitHub answered {(int)other.StatusCode} ({Words(other)})", other),
            _ => new(ErrorCodes.CiInfrastructure, $"couldn't {what}: GitHub isn't reachable at {Options.ApiUrl.Host} ({trouble.Message})", trouble),
        };

        ForgeException Limited(DateTimeOffset until, string why, Exception inner) => new(ErrorCodes.CiInfrastructure,
            $"couldn't {what} yet: {why} until {until.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC", inner)
        { RetryAt = until };
    }

    /// <summary>GitHub's own words for a refusal, with the details that it puts beside.</summary>
    internal static string Words(Octokit.ApiException no)
    {
        var details = no.ApiError?.Errors?.Select(error => error.Message ?? $"{error.Field} {error.Code}".Trim()).Where(text => text.Length > 0).ToList();
        return details is { Count: > 0 } ? $"{no.Message}: {string.Join("; ", details)}" : no.Message;
    }

    private async Task<Octokit.IGitHubClient> Client(RepoRef repo, CancellationToken cancel)
    {
        var token = await _credential.Need(repo, cancel);
        return new Octokit.GitHubClient(new Octokit.Connection(
            new Octokit.ProductHeaderValue("ampx", "1.0"), Options.Rest, new InMemoryCredentialStore(new Octokit.Credentials(token)), _http, new SimpleJsonSerializer()));
    }

    private DateTimeOffset RetryAfter(Octokit.ApiException limit)
    {
        var now = _time.GetUtcNow();
        foreach (var (name, value) in limit.HttpResponse?.Headers ?? new Dictionary<string, string>())
        {
            if (!long.TryParse(value, CultureInfo.InvariantCulture, out var number)) continue;
            if (name.Equals("retry-after", StringComparison.OrdinalIgnoreCase)) return now.AddSeconds(number);
        }

        return now.AddMinutes(1);
    }

    private static bool IsHiccup(Exception? trouble, CancellationToken cancel) => trouble switch
    {
        Octokit.ApiException answer => answer.StatusCode is HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
        HttpRequestException or IOException or TimeoutException => true,
        OperationCanceledException => !cancel.IsCancellationRequested,
        _ => false,
    };

    /// <summary>Octokit fills it by its own names.</summary>
    internal sealed class GraphQLAnswer
    {
        public List<GraphQLError>? Errors { get; set; }
    }

    internal sealed class GraphQLError
    {
        public string? Type { get; set; }
        public string? Message { get; set; }
    }
}

internal static class ForgeExceptions
{
    /// <summary>GitHub answered with this status.</summary>
    public static bool Is(this ForgeException trouble, HttpStatusCode status) => trouble.InnerException is Octokit.ApiException answer && answer.StatusCode == status;
}
