using System.Globalization;
using System.Net;

namespace Ampx.Silo.Forges.GitHub.Budgets;

/// <summary>What an answer says of the limits.</summary>
/// <param name="Resource">The limit that <paramref name="Remaining"/> is of; null where GitHub doesn't say.</param>
/// <param name="ResetIn">By GitHub's own clock, so that ours may be wrong.</param>
/// <param name="RetryAfter">How long GitHub asks to wait.</param>
[GenerateSerializer, Immutable, Alias("ampx.call-report.v1")]
public sealed record CallReport(bool Refused, string? Resource, int? Remaining, TimeSpan? ResetIn, TimeSpan? RetryAfter)
{
    /// <summary>There was no answer.</summary>
    public static CallReport Nothing { get; } = new(false, null, null, null, null);

    /// <summary>Reads headers, and of a refusal the body, which stays readable.</summary>
    public static async Task<CallReport> Of(HttpResponseMessage answer, DateTimeOffset now, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var (remaining, reset) = (Number(answer, "x-ratelimit-remaining"), Number(answer, "x-ratelimit-reset"));
        var theirs = answer.Headers.Date ?? now;
        var wait = answer.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - theirs,
            _ => (TimeSpan?)null,
        };
        return new(
            await IsRefusal(answer, remaining, wait, cancel), Text(answer, "x-ratelimit-resource"), (int?)remaining,
            reset is { } at and > 0 and < 100_000_000_000 ? DateTimeOffset.FromUnixTimeSeconds(at) - theirs : null, wait);
    }

    /// <summary>A 403 can also be a lack of permission: then nothing but the credential is at fault.</summary>
    private static async Task<bool> IsRefusal(HttpResponseMessage answer, long? remaining, TimeSpan? wait, CancellationToken cancel)
    {
        if (answer.StatusCode is HttpStatusCode.TooManyRequests) return true;
        if (answer.StatusCode is not HttpStatusCode.Forbidden) return false;
        if (wait is not null || remaining is 0) return true;
        var words = await Buffered(answer, cancel);
        return words.Contains("rate limit", StringComparison.OrdinalIgnoreCase) || words.Contains("abuse detection", StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string> Buffered(HttpResponseMessage answer, CancellationToken cancel)
    {
        await answer.Content.LoadIntoBufferAsync(cancel);
        return await answer.Content.ReadAsStringAsync(cancel);
    }

    private static long? Number(HttpResponseMessage answer, string name) => long.TryParse(Text(answer, name), CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string? Text(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
