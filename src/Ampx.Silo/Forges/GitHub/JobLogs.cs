using System.Globalization;
using System.Net;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>
/// Reads job logs as a stream, never whole. GitHub answers with a redirect to another host, good for about a minute
/// (https://docs.github.com/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run): the token isn't sent there, and every try asks for a new one.
/// </summary>
public sealed class JobLogs
{
    private readonly GitHubApi _api;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<string?> _patience;

    /// <summary>Over <paramref name="api"/>'s network.</summary>
    public JobLogs(GitHubApi api, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(api);
        (_api, _time) = (api, time);
        _patience = new ResiliencePipelineBuilder<string?> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<string?>
            {
                MaxRetryAttempts = 4,
                Delay = api.Options.LookAgain,
                BackoffType = DelayBackoffType.Exponential,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome switch
                {
                    { Exception: HttpRequestException or IOException } => true,
                    { Exception: OperationCanceledException } => !args.Context.CancellationToken.IsCancellationRequested,
                    { Exception: null, Result: not null } => true,
                    _ => false,
                }),
            })
            .AddTimeout(TimeSpan.FromMinutes(10))
            .Build();
    }

    /// <summary>The excerpt of <paramref name="job"/>'s log, or why there is none, or why not of all. A log that isn't there yet is waited for shortly.</summary>
    /// <exception cref="ForgeException">GitHub can't be asked now: its limit is used up, or it doesn't accept the credential. No log was looked for then.</exception>
    public async Task<(FeedbackExcerpt? Excerpt, string? Note)> Read(RepoRef repo, WorkflowJob job, int budget, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(job);
        FeedbackExcerpt? whole = null, part = null;
        string? missing;
        try
        {
            missing = await _patience.ExecuteAsync(async token =>
            {
                // From the start again after a reset: half a log may lack the cause.
                var fresh = new FeedbackExcerpt(budget, job.FailedStep?.StartedAt, job.FailedStep?.CompletedAt);
                try
                {
                    var why = await Read(repo, job.Id, fresh, token);
                    if (why is null) whole = fresh;
                    return why;
                }
                finally
                {
                    if (fresh.LinesSeen > (part?.LinesSeen ?? 0)) part = fresh;
                }
            }, cancel);
        }
        catch (Exception trouble) when (trouble is HttpRequestException or IOException or TimeoutRejectedException || (trouble is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            missing = $"its download failed ({trouble.Message})";
        }

        if (whole is { IsEmpty: false }) return (whole, null);
        return part is { IsEmpty: false }
            ? (part, $"Only the beginning of this job's log could be read: {missing}.")
            : (null, $"GitHub has no log of this job: {missing ?? "it is empty"}.");
    }

    private async Task<string?> Read(RepoRef repo, long job, FeedbackExcerpt excerpt, CancellationToken cancel)
    {
        var url = new Uri(_api.Options.Rest, $"repos/{repo.Owner}/{repo.Name}/actions/jobs/{job}/logs");
        for (var hops = 0; hops < 5; hops++)
        {
            using var answer = await _api.Get(repo, url, cancel);
            if (_api.Options.Rest.IsBaseOf(url)) await ThrowIfRefused(repo, answer, cancel);
            switch (answer.StatusCode)
            {
                case HttpStatusCode.OK:
                    await using (var body = new StallGuard(await answer.Content.ReadAsStreamAsync(cancel), _time))
                        await excerpt.Read(body, cancel);
                    return null;
                case HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect when answer.Headers.Location is { } next:
                    url = new Uri(url, next);
                    continue;
                case HttpStatusCode.NotFound:
                    return "it isn't there (404)";
                case HttpStatusCode.Gone:
                    return "it has expired or was deleted (410)";
                default:
                    return $"GitHub answered {(int)answer.StatusCode}";
            }
        }

        return "its address leads in a circle";
    }

    /// <summary>A limit or a dead token is no missing log: the task waits and asks again (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api).</summary>
    private async Task ThrowIfRefused(RepoRef repo, HttpResponseMessage answer, CancellationToken cancel)
    {
        if (answer.StatusCode is HttpStatusCode.Unauthorized) throw new ForgeException(ErrorCodes.GitHubUnauthorized, $"couldn't read a job's log: GitHub doesn't accept the credential for {repo.Key}");
        if (answer.StatusCode is not (HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests)) return;
        var now = _time.GetUtcNow();
        var until = Number("retry-after") is { } seconds ? now.AddSeconds(seconds)
            : Number("x-ratelimit-remaining") is 0 && Number("x-ratelimit-reset") is { } reset ? now + (DateTimeOffset.FromUnixTimeSeconds(reset) - (answer.Headers.Date ?? now))
            : answer.StatusCode is HttpStatusCode.TooManyRequests || (await answer.Content.ReadAsStringAsync(cancel)).Contains("rate limit", StringComparison.OrdinalIgnoreCase) ? now.AddMinutes(1)
            : (DateTimeOffset?)null;
        if (until is { } at)
            throw new ForgeException(ErrorCodes.CiInfrastructure, $"couldn't read a job's log yet: GitHub's rate limit is used up until {at.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC") { RetryAt = at };

        long? Number(string header) =>
            answer.Headers.TryGetValues(header, out var values) && long.TryParse(values.First(), CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
