using System.Globalization;
using System.Text.RegularExpressions;
using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub.Repositories;

/// <summary>What happens to pull requests: opened, moved, closed, found mergeable or not.</summary>
internal static partial class Pulls
{
    /// <summary>Opens one; the caller has checked that it may be.</summary>
    public static async Task<PullRequest> Open(
        Site site, Repository repository, string head, string baseBranch, string title, string? body, bool draft, string login)
    {
        var pull = new PullRequest(repository.NextNumber(), title, body, login, site.Now)
        {
            Head = head,
            HeadSha = (await repository.Git.Branch(head))!,
            Base = baseBranch,
            BaseSha = (await repository.Git.Branch(baseBranch))!,
            Draft = draft,
        };
        await repository.Git.Run("update-ref", $"refs/pull/{pull.Number}/head", pull.HeadSha);
        repository.Add(pull);
        await Tell(site, repository, pull, "opened", login);
        return pull;
    }

    /// <summary>Its branch has a new tip: what was known about merging is void.</summary>
    public static async Task MoveHead(Repository repository, PullRequest pull, string sha, DateTimeOffset now)
    {
        (pull.FormerHeadSha, pull.HeadSha, pull.Mergeable, pull.UpdatedAt) = (pull.HeadSha, sha, null, now);
        await repository.Git.Run("update-ref", $"refs/pull/{pull.Number}/head", sha);
    }

    /// <summary>Starts <c>pull_request</c> workflows and tells hooks. A pull request with conflicts starts none, as at GitHub.</summary>
    public static async Task Tell(Site site, Repository repository, PullRequest pull, string action, string login)
    {
        site.Webhooks.PullRequestChanged(repository, pull, action);
        if (action is not ("opened" or "synchronize" or "reopened" or "ready_for_review" or "converted_to_draft" or "labeled")) return;
        if ((await Merging.Try(repository, pull)).MergeSha is not { } merge) return;
        await site.Actions.Happened(repository,
            new("pull_request", action, pull.HeadSha, $"refs/pull/{pull.Number}/merge", pull.Head, pull.Base, login) { Pull = pull, CheckoutSha = merge });
    }

    /// <summary>Closes it unmerged.</summary>
    public static void Close(Site site, Repository repository, PullRequest pull)
    {
        (pull.State, pull.ClosedAt, pull.UpdatedAt) = ("closed", site.Now, site.Now);
        if (pull.MergedAt is null) pull.AutoMerge = null;
        site.Webhooks.PullRequestChanged(repository, pull, "closed");
    }

    /// <summary>Closes it as merged by <paramref name="sha"/>.</summary>
    public static void MarkMerged(Site site, Repository repository, PullRequest pull, string sha, string login)
    {
        if (pull.MergedAt is not null) return;
        (pull.MergedAt, pull.MergedBy, pull.MergeCommitSha) = (site.Now, login, sha);
        if (pull.Base == repository.Settings.DefaultBranch) CloseIssues(site, repository, pull);
        Close(site, repository, pull);
    }

    /// <summary>The issues that its text names with a closing word.</summary>
    private static void CloseIssues(Site site, Repository repository, PullRequest pull)
    {
        foreach (var number in Closing().Matches(pull.Body ?? "").Select(match => match.Groups[1].Value))
        {
            if (repository.Issues.Find(issue => issue is not PullRequest && issue.Number.ToString(CultureInfo.InvariantCulture) == number) is not { } issue) continue;
            (issue.State, issue.ClosedAt, issue.UpdatedAt) = ("closed", site.Now, site.Now);
        }
    }

    [GeneratedRegex(@"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+#(\d+)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Closing();

    /// <summary>Whether the latest run of every workflow at the head is green, and all required checks are there.</summary>
    public static bool ChecksAreGreen(Repository repository, PullRequest pull)
    {
        var runs = repository.Runs.Where(run => run.HeadSha == pull.HeadSha).ToList();
        return runs.TrueForAll(run => run.Conclusion is "success" or "skipped" or "neutral") && MissingCheck(repository, pull) is null;
    }

    /// <summary>The first required check that is not green at the head; null if none is missing.</summary>
    public static string? MissingCheck(Repository repository, PullRequest pull)
    {
        var green = repository.Runs.Where(run => run.HeadSha == pull.HeadSha).SelectMany(run => run.LatestJobs)
            .Where(job => job.Conclusion is "success" or "skipped" or "neutral").Select(job => job.Name).ToHashSet();
        return repository.Settings.RequiredChecks.FirstOrDefault(name => !green.Contains(name));
    }
}
