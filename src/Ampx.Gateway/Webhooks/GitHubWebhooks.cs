using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Webhooks;

/// <summary>
/// GitHub's deliveries (https://docs.github.com/webhooks/webhook-events-and-payloads). Nothing in them is believed beyond "look again now":
/// late, doubled, reordered or lost ones change no outcome.
/// Not by Octokit.Webhooks.AspNetCore: its endpoint answers 200 and 400 where ours promises 202 and 401, and reads a body whole, however large, before it knows who sends it.
/// </summary>
internal sealed partial class GitHubWebhooks(IGrainFactory grains, LastDelivery last, IOptions<GatewayOptions> options, ILogger<GitHubWebhooks> log)
{
    public const string Path = "/webhooks/github";

    /// <summary>The largest payload that GitHub sends.</summary>
    public const int MaxBody = 25 * 1024 * 1024;

    /// <summary>The rest of a body waits on disk until its signature is known to be right: strangers can't fill the memory.</summary>
    private const int MaxInMemory = 64 * 1024;

    /// <summary>Checks the signature over the raw body in constant time, hands the hint on without waiting for the look, and answers 202.</summary>
    /// <exception cref="RefusedException">401: not signed with our secret. 415, 400: signed, but not to be read.</exception>
    public async Task<Accepted> Take(HttpRequest request, CancellationToken cancel)
    {
        if (Claimed(request.Headers["X-Hub-Signature-256"].ToString()) is not { } claimed || !await IsSigned(request, claimed, cancel))
            throw new RefusedException(StatusCodes.Status401Unauthorized, "unauthorized", "X-Hub-Signature-256 doesn't fit the body and this service's Ampx:GitHub:WebhookSecret");
        last.Heard();
        if (!request.HasJsonContentType()) throw RefusedException.MediaType("choose application/json as the webhook's content type");
        var (delivery, what) = (request.Headers["X-GitHub-Delivery"].ToString(), request.Headers["X-GitHub-Event"].ToString());
        if (delivery.Length is 0 or > 100 || what.Length is 0) throw RefusedException.BadRequest("X-GitHub-Delivery and X-GitHub-Event must be given");
        request.Body.Position = 0;
        if (await WebhookNews.Read(what, request.Body, options.Value.GitHubWebUrl, cancel) is { } news) Hint(delivery, news);
        return TypedResults.Accepted((string?)null);
    }

    /// <summary>The signature that the header brings; null if there is none: the body needn't be read then.</summary>
    private static byte[]? Claimed(string header)
    {
        const string scheme = "sha256=";
        var given = new byte[HMACSHA256.HashSizeInBytes];
        return header.StartsWith(scheme, StringComparison.Ordinal) && header.Length == scheme.Length + (given.Length * 2)
            && Convert.FromHexString(header.AsSpan(scheme.Length), given, out _, out _) is OperationStatus.Done ? given : null;
    }

    private async Task<bool> IsSigned(HttpRequest request, byte[] claimed, CancellationToken cancel)
    {
        request.EnableBuffering(MaxInMemory);
        try
        {
            var right = await HMACSHA256.HashDataAsync(Encoding.UTF8.GetBytes(options.Value.GitHubWebhookSecret!), request.Body, cancel);
            return CryptographicOperations.FixedTimeEquals(claimed, right);
        }
        catch (BadHttpRequestException large) when (large.StatusCode is StatusCodes.Status413PayloadTooLarge)
        {
            throw new RefusedException(StatusCodes.Status413PayloadTooLarge, "too_large", $"a delivery is at most {MaxBody / 1024 / 1024} MB");
        }
    }

    private void Hint(string delivery, WebhookNews news)
    {
        if (news.PullRequest is { } number) Follow(delivery, grains.GetGrain<IPullRequestWatchGrain>(IPullRequestWatchGrain.KeyOf(news.Repo.Key)).Hint(delivery, number));
        // A pull request that was closed or moved matters to those who wait for its commit's CI, too.
        if (news.PullRequest is null || news.Sha is not null) Follow(delivery, grains.GetGrain<ICiWatchGrain>(ICiWatchGrain.KeyOf(news.Repo)).Hint(delivery, news.Sha));
    }

    private void Follow(string delivery, Task hint) =>
        hint.ContinueWith(failed => LogLost(delivery, failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    [LoggerMessage(LogLevel.Debug, "delivery {Delivery}: its hint was lost; the next look makes up for it")]
    private partial void LogLost(string delivery, Exception exception);
}

internal static class GitHubWebhooksRoute
{
    /// <summary>The route, where the signature lets GitHub in, in place of a token. Without a secret it says so to whoever reads GitHub's list of deliveries.</summary>
    public static void MapGitHubWebhooks(this IEndpointRouteBuilder app, GatewayOptions options)
    {
        Delegate take = string.IsNullOrEmpty(options.GitHubWebhookSecret)
            ? Accepted () => throw RefusedException.NotFound("this service takes no webhooks: set Ampx:GitHub:WebhookSecret")
            : (HttpRequest request, GitHubWebhooks webhooks, CancellationToken cancel) => webhooks.Take(request, cancel);
        app.MapPost(GitHubWebhooks.Path, take).AllowAnonymous();
    }
}
