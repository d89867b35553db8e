using System.Net;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Polly;
using Polly.Retry;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>
/// Reads job logs as a stream, never whole. GitHub answers with a redirect to another host, good for about a minute
/// (https://docs.github.com/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run): the token isn't sent there.
/// </summary>
public sealed class JobLogs
{
    private readonly GitHubApi _api;
    private readonly ResiliencePipeline<string?> _patience;

    /// <summary>Over <paramref name="api"/>'s network.</summary>
    public JobLogs(GitHubApi api, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(api);
        _api = api;
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
            .AddTimeout(TimeSpan.FromMinutes(5))
            .Build();
    }

    /// <summary>The excerpt of <paramref name="job"/>'s log, or why there is none. A log that isn't there yet is waited for shortly.</summary>
    public async Task<(FeedbackExcerpt? Excerpt, string? Note)> Read(RepoRef repo, WorkflowJob job, int budget, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(job);
        FeedbackExcerpt? excerpt = null;
        string? missing;
        try
        {
            missing = await _patience.ExecuteAsync(async token =>
            {
                // From the start again after a reset: half a log may lack the cause.
                var fresh = new FeedbackExcerpt(budget, job.FailedStep?.StartedAt, job.FailedStep?.CompletedAt);
                var why = await Read(repo, job.Id, fresh, token);
                if (why is null) excerpt = fresh;
                return why;
            }, cancel);
        }
        catch (Exception trouble) when (trouble is HttpRequestException or IOException or Polly.Timeout.TimeoutRejectedException || (trouble is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            missing = $"its download failed ({trouble.Message})";
        }

        return excerpt is { IsEmpty: false } ? (excerpt, null) : (null, $"GitHub has no log of this job: {missing ?? "it is empty"}.");
    }

    private async Task<string?> Read(RepoRef repo, long job, FeedbackExcerpt excerpt, CancellationToken cancel)
    {
        var url = new Uri(_api.Options.Rest, $"repos/{repo.Owner}/{repo.Name}/actions/jobs/{job}/logs");
        for (var hops = 0; hops < 5; hops++)
        {
            using var answer = await _api.Get(repo, url, cancel);
            switch (answer.StatusCode)
            {
                case HttpStatusCode.OK:
                    await using (var body = await answer.Content.ReadAsStreamAsync(cancel))
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
}
