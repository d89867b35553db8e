using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Issues and pull requests as GitHub writes them; webhooks carry the same.</summary>
internal static class PullShapes
{
    /// <summary>A pull request as the list has it (<paramref name="mergeable"/> null and unknown) or alone.</summary>
    public static object Pull(Site site, Repository repository, PullRequest pull, bool? mergeable = null, string mergeableState = "unknown")
    {
        var url = $"{site.ApiUrl}repos/{repository.FullName}/pulls/{pull.Number}";
        var repo = Shapes.Repository(site, repository, null);
        return new
        {
            id = pull.Id,
            node_id = Node(pull),
            number = pull.Number,
            url,
            html_url = $"{site.WebUrl}{repository.FullName}/pull/{pull.Number}",
            diff_url = $"{site.WebUrl}{repository.FullName}/pull/{pull.Number}.diff",
            issue_url = $"{site.ApiUrl}repos/{repository.FullName}/issues/{pull.Number}",
            commits_url = $"{url}/commits",
            statuses_url = $"{site.ApiUrl}repos/{repository.FullName}/statuses/{pull.HeadSha}",
            state = pull.State,
            locked = false,
            title = pull.Title,
            body = pull.Body,
            user = Shapes.User(site, pull.Author),
            labels = Labels(site, repository, pull),
            draft = pull.Draft,
            created_at = Shapes.Time(pull.CreatedAt),
            updated_at = Shapes.Time(pull.UpdatedAt),
            closed_at = Shapes.Time(pull.ClosedAt),
            merged_at = Shapes.Time(pull.MergedAt),
            merge_commit_sha = pull.MergeCommitSha,
            assignees = Array.Empty<object>(),
            requested_reviewers = pull.Reviewers.Select(login => Shapes.User(site, login)).ToArray(),
            requested_teams = Array.Empty<object>(),
            head = new { label = $"{repository.Owner}:{pull.Head}", @ref = pull.Head, sha = pull.HeadSha, user = Shapes.User(site, repository.Owner), repo },
            @base = new { label = $"{repository.Owner}:{pull.Base}", @ref = pull.Base, sha = pull.BaseSha, user = Shapes.User(site, repository.Owner), repo },
            author_association = "MEMBER",
            auto_merge = pull.AutoMerge is { } armed ? new { enabled_by = Shapes.User(site, armed.By), merge_method = armed.Method, commit_title = armed.Title, commit_message = armed.Message } : null,
            merged = pull.MergedAt is not null,
            mergeable,
            rebaseable = mergeable,
            mergeable_state = mergeableState,
            merged_by = pull.MergedBy is { } by ? Shapes.User(site, by) : null,
            comments = pull.Comments.Count,
            review_comments = 0,
            maintainer_can_modify = false,
            commits = 1,
            additions = 1,
            deletions = 0,
            changed_files = 1,
        };
    }

    public static object Review(Site site, Repository repository, PullRequest pull, Review review)
    {
        var url = $"{site.ApiUrl}repos/{repository.FullName}/pulls/{pull.Number}";
        var html = $"{site.WebUrl}{repository.FullName}/pull/{pull.Number}#pullrequestreview-{review.Id}";
        return new
        {
            id = review.Id,
            node_id = Ids.Node("PRR", review.Id),
            user = Shapes.User(site, review.Author),
            body = review.Body,
            state = review.State,
            html_url = html,
            pull_request_url = url,
            _links = new { html = new { href = html }, pull_request = new { href = url } },
            submitted_at = Shapes.Time(review.SubmittedAt),
            commit_id = review.CommitId,
            author_association = "MEMBER",
        };
    }

    public static string Node(PullRequest pull) => Ids.Node("PR", pull.Id);

    public static object Issue(Site site, Repository repository, Issue issue) => new
    {
        id = issue.Id,
        node_id = Ids.Node("I", issue.Id),
        number = issue.Number,
        url = $"{site.ApiUrl}repos/{repository.FullName}/issues/{issue.Number}",
        html_url = $"{site.WebUrl}{repository.FullName}/{(issue is PullRequest ? "pull" : "issues")}/{issue.Number}",
        comments_url = $"{site.ApiUrl}repos/{repository.FullName}/issues/{issue.Number}/comments",
        repository_url = $"{site.ApiUrl}repos/{repository.FullName}",
        title = issue.Title,
        body = issue.Body,
        user = Shapes.User(site, issue.Author),
        labels = Labels(site, repository, issue),
        state = issue.State,
        locked = false,
        assignees = Array.Empty<object>(),
        comments = issue.Comments.Count,
        created_at = Shapes.Time(issue.CreatedAt),
        updated_at = Shapes.Time(issue.UpdatedAt),
        closed_at = Shapes.Time(issue.ClosedAt),
        author_association = "MEMBER",
        pull_request = issue is PullRequest ? new { url = $"{site.ApiUrl}repos/{repository.FullName}/pulls/{issue.Number}" } : null,
    };

    public static object[] Labels(Site site, Repository repository, Issue issue) =>
    [
        .. issue.Labels.Select(name => new
        {
            id = 8_000_000_000 + name.Length,
            node_id = Ids.Node("LA", name.Length),
            url = $"{site.ApiUrl}repos/{repository.FullName}/labels/{Uri.EscapeDataString(name)}",
            name,
            color = "ededed",
            @default = false,
            description = (string?)null,
        }),
    ];

    public static object Comment(Site site, Repository repository, Issue issue, Comment comment) => new
    {
        id = comment.Id,
        node_id = Ids.Node("IC", comment.Id),
        url = $"{site.ApiUrl}repos/{repository.FullName}/issues/comments/{comment.Id}",
        html_url = $"{site.WebUrl}{repository.FullName}/issues/{issue.Number}#issuecomment-{comment.Id}",
        body = comment.Body,
        user = Shapes.User(site, comment.Author),
        created_at = Shapes.Time(comment.CreatedAt),
        updated_at = Shapes.Time(comment.CreatedAt),
        issue_url = $"{site.ApiUrl}repos/{repository.FullName}/issues/{issue.Number}",
        author_association = "MEMBER",
    };
}
