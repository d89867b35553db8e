using System.Net;
using Ampx.Silo.Forges.GitHub.Credentials;
using Microsoft.Extensions.Options;
using Octokit.Internal;
using Polly;
using Polly.Retry;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Every call to GitHub goes through here: <see cref="Of"/> makes Octokit's client of a token, <see cref="Send"/> is the one call beside Octokit.</summary>
public sealed class GitHubClients : IDisposable
{
    private readonly HttpClientAdapter _http;
    private readonly HttpMessageInvoker _raw;
    private readonly ResiliencePipeline _hiccups;
    private readonly TimeProvider _time;

    /// <summary>Over <paramref name="network"/>, which follows no redirects by itself.</summary>
    public GitHubClients(IOptions<GitHubOptions> options, TimeProvider time, HttpMessageHandler network)
    {
        ArgumentNullException.ThrowIfNull(options);
        (Options, _time) = (options.Value, time);
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

    /// <summary>One request beside Octokit, which can't stream; null is a host that may not see the token.</summary>
    internal Task<HttpResponseMessage> Send(HttpRequestMessage request, AccessToken? token, CancellationToken cancel)
    {
        request.Headers.UserAgent.ParseAdd("ampx/1.0");
        if (token is not null) request.Headers.Authorization = new("Bearer", token.Value);
        return _raw.SendAsync(request, cancel);
    }

    /// <summary>The client that spends <paramref name="token"/>'s <see cref="AccessToken.BudgetKey"/>.</summary>
    private Octokit.GitHubClient Of(AccessToken token) => new(new Octokit.Connection(
        new Octokit.ProductHeaderValue("ampx", "1.0"), Options.Rest, new InMemoryCredentialStore(new Octokit.Credentials(token.Value, Octokit.AuthenticationType.Bearer)), _http, new SimpleJsonSerializer()));

    private static bool IsHiccup(Exception? trouble, CancellationToken cancel) => trouble switch
    {
        Octokit.ApiException answer => answer.StatusCode is HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout,
        HttpRequestException or IOException or TimeoutException => true,
        OperationCanceledException => !cancel.IsCancellationRequested,
        _ => false,
    };
}
