using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Ampx.Gateway.Webhooks;

/// <summary>
/// GitHub's deliveries (https://docs.github.com/webhooks/webhook-events-and-payloads). Nothing in them is believed beyond "look again now":
/// late, doubled, reordered or lost ones change no outcome.
/// </summary>
internal sealed partial class GitHubWebhooks(IGrainFactory grains, LastDelivery last, IOptions<GatewayOptions> options, ILogger<GitHubWebhooks> log)
{
    public const string Path = "/webhooks/github";

    /// <summary>The largest payload that GitHub sends.</summary>
    private const int MaxBody = 25 * 1024 * 1024;

    /// <summary>Checks the signature over the raw body in constant time, hands the hint on without waiting for the look, and answers 202.</summary>
    /// <exception cref="RefusedException">401: not signed with our secret. 415, 400: signed, but not to be read.</exception>
    public async Task<Accepted> Take(HttpRequest request, CancellationToken cancel)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = MaxBody;
        using var body = new MemoryStream((int)Math.Min(request.ContentLength ?? 0, MaxBody));
        await request.Body.CopyToAsync(body, cancel);
        var raw = new ReadOnlySequence<byte>(body.GetBuffer(), 0, (int)body.Length);
        if (!IsSigned(raw.FirstSpan, request.Headers["X-Hub-Signature-256"].ToString()))
            throw new RefusedException(StatusCodes.Status401Unauthorized, "unauthorized", "X-Hub-Signature-256 doesn't fit the body and this service's Ampx:GitHub:WebhookSecret");
        last.Heard();
        if (!request.HasJsonContentType()) throw RefusedException.MediaType("choose application/json as the webhook's content type");
        var (delivery, what) = (request.Headers["X-GitHub-Delivery"].ToString(), request.Headers["X-GitHub-Event"].ToString());
        if (delivery.Length is 0 or > 100 || what.Length is 0) throw RefusedException.BadRequest("X-GitHub-Delivery and X-GitHub-Event must be given");
        if (WebhookNews.Read(what, raw, options.Value.GitHubWebUrl) is { } news) Hint(delivery, news);
        return TypedResults.Accepted((string?)null);
    }

    private bool IsSigned(ReadOnlySpan<byte> body, string header)
    {
        const string scheme = "sha256=";
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (!header.StartsWith(scheme, StringComparison.Ordinal) || header.Length != scheme.Length + (given.Length * 2)) return false;
        if (Convert.FromHexString(header.AsSpan(scheme.Length), given, out _, out _) is not OperationStatus.Done) return false;
        Span<byte> right = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(options.Value.GitHubWebhookSecret!), body, right);
        return CryptographicOperations.FixedTimeEquals(given, right);
    }

    private void Hint(string delivery, WebhookNews news)
    {
        var hint = news.PullRequest is { } number
            ? grains.GetGrain<IPullRequestWatchGrain>(IPullRequestWatchGrain.KeyOf(news.Repo.Key)).Hint(delivery, number)
            : grains.GetGrain<ICiWatchGrain>(ICiWatchGrain.KeyOf(news.Repo)).Hint(delivery, news.Sha);
        hint.ContinueWith(failed => LogLost(delivery, failed.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    [LoggerMessage(LogLevel.Debug, "delivery {Delivery}: its hint was lost; the next look makes up for it")]
    private partial void LogLost(string delivery, Exception exception);
}

internal static class GitHubWebhooksRoute
{
    /// <summary>The route, if a secret is configured: the signature is what lets GitHub in, in place of a token.</summary>
    public static void MapGitHubWebhooks(this IEndpointRouteBuilder app, GatewayOptions options)
    {
        if (!string.IsNullOrEmpty(options.GitHubWebhookSecret))
            app.MapPost(GitHubWebhooks.Path, (HttpRequest request, GitHubWebhooks webhooks, CancellationToken cancel) => webhooks.Take(request, cancel)).AllowAnonymous();
    }
}
