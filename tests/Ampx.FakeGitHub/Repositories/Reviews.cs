namespace Ampx.FakeGitHub.Repositories;

/// <summary>What somebody thinks of a pull request.</summary>
/// <param name="Id">Larger than 2^32.</param>
/// <param name="Author">Who reviewed.</param>
/// <param name="State"><c>APPROVED</c>, <c>CHANGES_REQUESTED</c> or <c>COMMENTED</c>.</param>
/// <param name="Body">The text.</param>
/// <param name="CommitId">The head that was reviewed.</param>
/// <param name="SubmittedAt">When.</param>
public sealed record Review(long Id, string Author, string State, string Body, string CommitId, DateTimeOffset SubmittedAt);

/// <summary>Reviews, and what a protected branch makes of them.</summary>
internal static class Reviews
{
    /// <summary>Adds a review; an armed pull request that waited for it merges before this returns.</summary>
    public static async Task<Review> Add(Site site, Repository repository, PullRequest pull, string login, string state, string body)
    {
        var review = new Review(Ids.Next(), login, state, body, pull.HeadSha, site.Now);
        pull.Add(review);
        pull.UpdatedAt = site.Now;
        await AutoMerging.Try(site, repository, pull);
        return review;
    }

    /// <summary>What a merge lacks of reviews, in GitHub's words; null if nothing.</summary>
    public static string? Missing(Repository repository, PullRequest pull)
    {
        var needed = repository.Settings.RequiredApprovals;
        if (needed == 0) return null;
        var last = pull.Reviews.Where(review => review.State != "COMMENTED").GroupBy(review => review.Author).Select(group => group.Last().State).ToList();
        if (last.Contains("CHANGES_REQUESTED")) return "Changes have been requested by a reviewer with write access.";
        return last.Count(state => state == "APPROVED") >= needed
            ? null
            : $"At least {needed} approving review{(needed == 1 ? " is" : "s are")} required by reviewers with write access.";
    }
}
