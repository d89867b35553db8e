using System.Globalization;
using System.Net;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>What a call to GitHub that failed means to a task.</summary>
internal static class GitHubTrouble
{
    /// <summary><paramref name="what"/> completes "couldn't …" in the message.</summary>
    /// <param name="name">What the call was about: a repository, as a rule.</param>
    /// <param name="host">Where GitHub was looked for.</param>
    public static ForgeException Told(string name, string what, Exception trouble, string host, DateTimeOffset now)
    {
        return trouble switch
        {
            ForgeException told => told,
            Octokit.RateLimitExceededException limit => Limited(ByOurClock(limit.Reset, limit, now), "GitHub's rate limit is used up", limit),
            Octokit.AbuseException abuse => Limited(now.AddSeconds(abuse.RetryAfterSeconds ?? 60), "GitHub asks to slow down", abuse),
            Octokit.SecondaryRateLimitExceededException second => Limited(RetryAfter(second, now), "GitHub asks to slow down", second),
            Octokit.ApiException { StatusCode: HttpStatusCode.TooManyRequests } many => Limited(RetryAfter(many, now), "GitHub asks to slow down", many),
            Octokit.AuthorizationException no => new(ErrorCodes.GitHubUnauthorized, $"couldn't {what}: GitHub doesn't accept the credential for {name} ({GitHubApi.Words(no)}): {Credentials.PersonalToken.HowToGiveOne}", no),
            Octokit.ApiException { StatusCode: HttpStatusCode.Forbidden } no => new(ErrorCodes.GitHubForbidden, $"couldn't {what}: the credential may not do that on {name} ({GitHubApi.Words(no)})", no),
            Octokit.ApiException { StatusCode: HttpStatusCode.NotFound } no => new(ErrorCodes.GitHubNotFound, $"couldn't {what}: GitHub has no {name}, or the credential can't see it ({GitHubApi.Words(no)})", no),
            Octokit.ApiException { StatusCode: (HttpStatusCode)451 } no => new(ErrorCodes.GitHubForbidden, $"couldn't {what}: {name} is blocked ({GitHubApi.Words(no)})", no),
            Octokit.ApiException other => new(ErrorCodes.CiInfrastructure, $"couldn't {what}: GitHub answered {(int)other.StatusCode} ({GitHubApi.Words(other)})", other),
            _ => new(ErrorCodes.CiInfrastructure, $"couldn't {what}: GitHub isn't reachable at {host} ({trouble.Message})", trouble),
        };

        ForgeException Limited(DateTimeOffset until, string why, Exception inner) => new(ErrorCodes.CiInfrastructure,
            $"couldn't {what} yet: {why} until {until.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC", inner)
        { RetryAt = until };
    }

    /// <summary>A refusal of a call beside Octokit, as Octokit would tell it.</summary>
    public static async Task<Octokit.ApiException> Of(HttpResponseMessage answer, CancellationToken cancel)
    {
        var headers = answer.Headers.ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        var body = await answer.Content.ReadAsStringAsync(cancel);
        var response = new Refusal(answer.StatusCode, body, headers);
        return answer.StatusCode switch
        {
            HttpStatusCode.Unauthorized => new Octokit.AuthorizationException(response),
            HttpStatusCode.NotFound => new Octokit.NotFoundException(response),
            HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests when headers.ContainsKey("retry-after") || body.Contains("secondary rate limit", StringComparison.OrdinalIgnoreCase) =>
                new Octokit.SecondaryRateLimitExceededException(response),
            HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests when headers.GetValueOrDefault("x-ratelimit-remaining") is "0" => new Octokit.RateLimitExceededException(response),
            HttpStatusCode.Forbidden => new Octokit.ForbiddenException(response),
            _ => new Octokit.ApiException(response),
        };
    }

    /// <summary>A time of GitHub's, whose clock and ours may differ by any amount.</summary>
    private static DateTimeOffset ByOurClock(DateTimeOffset theirs, Octokit.ApiException answer, DateTimeOffset now)
    {
        var date = answer.HttpResponse?.Headers.FirstOrDefault(header => header.Key.Equals("Date", StringComparison.OrdinalIgnoreCase)).Value;
        return DateTimeOffset.TryParse(date, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var said) ? now + (theirs - said) : theirs;
    }

    private static DateTimeOffset RetryAfter(Octokit.ApiException limit, DateTimeOffset now)
    {
        foreach (var (name, value) in limit.HttpResponse?.Headers ?? new Dictionary<string, string>())
        {
            if (!long.TryParse(value, CultureInfo.InvariantCulture, out var number)) continue;
            if (name.Equals("retry-after", StringComparison.OrdinalIgnoreCase)) return now.AddSeconds(number);
        }

        return now.AddMinutes(1);
    }

    /// <summary>An answer in the shape that Octokit's exceptions are made of.</summary>
    private sealed class Refusal(HttpStatusCode status, string body, Dictionary<string, string> headers) : Octokit.IResponse
    {
        public object Body => body;
        public IReadOnlyDictionary<string, string> Headers => headers;
        public Octokit.ApiInfo ApiInfo { get; } = new(new Dictionary<string, Uri>(), [], [], "", new Octokit.RateLimit(headers), TimeSpan.Zero);
        public HttpStatusCode StatusCode => status;
        public string ContentType => "application/json";
    }

    /// <summary>GitHub answered with this status.</summary>
    public static bool Is(this ForgeException trouble, HttpStatusCode status) => trouble.InnerException is Octokit.ApiException answer && answer.StatusCode == status;
}
