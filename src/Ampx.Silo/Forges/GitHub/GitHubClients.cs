using System.Collections.Concurrent;
using System.Net;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges.GitHub.Budgets;
using Ampx.Silo.Forges.GitHub.Credentials;
using Microsoft.Extensions.Options;
using Octokit.Internal;
using Polly;
using Polly.Retry;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Every call to GitHub goes through here: <see cref="Of"/> makes Octokit's client of a token, <see cref="Send"/> is the one call beside Octokit.</summary>
public sealed class GitHubClients : IDisposable
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(60);
    private readonly ConcurrentDictionary<string, Line> _lines = new();
    private readonly HttpMessageHandler _network;
    private readonly GitHubBudgets? _budgets;
    private readonly HttpMessageInvoker _open;
    private readonly ResiliencePipeline _hiccups;
    private readonly TimeProvider _time;

    /// <summary>Over <paramref name="network"/>, which follows no redirects by itself; with <paramref name="budgets"/> each call is permitted by them first.</summary>
    public GitHubClients(IOptions<GitHubOptions> options, TimeProvider time, HttpMessageHandler network, GitHubBudgets? budgets = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        (Options, _time, _network, _budgets) = (options.Value, time, network, budgets);
        _open = new HttpMessageInvoker(network, disposeHandler: false);
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
        foreach (var line in _lines.Values) line.Dispose();
        _open.Dispose();
        _network.Dispose();
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

    /// <summary>Asks with this token; hiccups of seconds are retried here, every other failure is Octokit's.</summary>
    public async Task<T> Ask<T>(AccessToken token, Func<Octokit.IGitHubClient, Task<T>> ask, CancellationToken cancel)
    {
        var client = Of(token);
        return await _hiccups.ExecuteAsync(async stop => await ask(client).WaitAsync(stop), cancel);
    }

    /// <summary>What a failed call means to a task.</summary>
    /// <param name="name">What the call was about: a repository, as a rule.</param>
    /// <param name="what">Completes "couldn't …" in the message.</param>
    internal ForgeException Told(string name, string what, Exception trouble) => GitHubTrouble.Told(name, what, trouble, Options.ApiUrl.Host, _time.GetUtcNow());

    /// <summary>A limit that is told in an answer of 200: until when, the budget has read in its headers, and tells at the next call.</summary>
    internal ForgeException Limited(string what, string? words) =>
        new(ErrorCodes.CiInfrastructure, $"couldn't {what} yet: {words ?? "GitHub's rate limit is used up"}") { RetryAt = _time.GetUtcNow().AddMinutes(1) };

    /// <summary>One request beside Octokit, which can't stream; null is a host that may not see the token.</summary>
    internal Task<HttpResponseMessage> Send(HttpRequestMessage request, AccessToken? token, CancellationToken cancel)
    {
        request.Headers.UserAgent.ParseAdd("ampx/1.0");
        if (token is null) return _open.SendAsync(request, cancel);
        request.Headers.Authorization = new("Bearer", token.Value);
        return LineOf(token).Raw.SendAsync(request, cancel);
    }

    /// <summary>A GET that names what is known already: 304 is an answer too, a refusal is Octokit's exception, hiccups are retried as in <see cref="Ask"/>.</summary>
    internal async Task<HttpResponseMessage> GetIfChanged(AccessToken token, Uri url, string? etag, CancellationToken cancel) => await _hiccups.ExecuteAsync(async stop =>
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(CallLimit);
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Accept.ParseAdd("application/vnd.github+json");
        if (etag is not null) request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        var answer = await Send(request, token, limit.Token);
        if ((int)answer.StatusCode < 400) return answer;
        using (answer) throw await GitHubTrouble.Of(answer, limit.Token);
    }, cancel);

    /// <summary>The client that spends <paramref name="token"/>'s <see cref="AccessToken.BudgetKey"/>.</summary>
    private Octokit.GitHubClient Of(AccessToken token) => new(new Octokit.Connection(
        new Octokit.ProductHeaderValue("ampx", "1.0"), Options.Rest, new InMemoryCredentialStore(new Octokit.Credentials(token.Value, Octokit.AuthenticationType.Bearer)), LineOf(token).Octokit, new SimpleJsonSerializer()));

    private Line LineOf(AccessToken token) => _lines.GetOrAdd(token.BudgetKey, static (key, own) => new Line(own._budgets?.Before(own._network, key) ?? own._network), this);

    private static bool IsHiccup(Exception? trouble, CancellationToken cancel) => trouble switch
    {
        Octokit.ApiException answer => answer.StatusCode is HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
        HttpRequestException or IOException or TimeoutException => true,
        OperationCanceledException => !cancel.IsCancellationRequested,
        _ => false,
    };

    /// <summary>The way to GitHub of all tokens that share a budget: for Octokit, and beside it.</summary>
    private sealed class Line : IDisposable
    {
        public Line(HttpMessageHandler network)
        {
            Octokit = new HttpClientAdapter(() => network);
            Octokit.SetRequestTimeout(CallLimit);
            Raw = new HttpMessageInvoker(network, disposeHandler: false);
        }

        public HttpClientAdapter Octokit { get; }

        public HttpMessageInvoker Raw { get; }

        public void Dispose()
        {
            Raw.Dispose();
            Octokit.Dispose();
        }
    }
}
