using System.Collections.Immutable;

namespace Ampx.Silo.Forges.GitHub.Budgets;

/// <summary>A call as GitHub's limits count it (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api).</summary>
/// <param name="Resource">Whose hourly limit it takes from: <c>core</c>, <c>graphql</c> or <c>search</c>.</param>
/// <param name="Points">Of the 900 a minute: 1 to read, 5 to write.</param>
/// <param name="Creates">Makes content that people see: at most 80 a minute and 500 an hour.</param>
[GenerateSerializer, Immutable, Alias("ampx.api-call.v1")]
public sealed record ApiCall(string Resource, int Points, bool Creates)
{
    /// <summary>Writes that leave nothing for people to read, by the end of their path.</summary>
    private static readonly ImmutableArray<string> NoContent = ["/access_tokens", "/rerun", "/rerun-failed-jobs", "/cancel", "/force-cancel"];

    /// <summary>
    /// How <paramref name="request"/> counts. Whatever writes creates content (pull requests, comments, reviews, labels, merges, branches, and GraphQL, where Ampx only
    /// writes), but for tokens and for orders to CI.
    /// </summary>
    public static ApiCall Of(HttpRequestMessage request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var path = request.RequestUri!.IsAbsoluteUri ? request.RequestUri.AbsolutePath : request.RequestUri.OriginalString;
        var reads = request.Method == HttpMethod.Get || request.Method == HttpMethod.Head;
        var resource = path.EndsWith("/graphql", StringComparison.Ordinal) ? "graphql" : path.Contains("/search/", StringComparison.Ordinal) ? "search" : "core";
        return new(resource, reads ? 1 : 5, !reads && !NoContent.Any(end => path.EndsWith(end, StringComparison.Ordinal)));
    }
}

/// <summary>Leave to call, or how long not to ask again, and why.</summary>
/// <param name="Id">To be reported with; null: not now.</param>
/// <param name="Wait">A duration, for the clocks of two machines differ.</param>
[GenerateSerializer, Immutable, Alias("ampx.call-permit.v1")]
public sealed record CallPermit(long? Id, TimeSpan Wait, string? Why);
