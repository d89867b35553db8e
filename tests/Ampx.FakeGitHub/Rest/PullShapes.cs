using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Issues and pull requests as GitHub writes them; webhooks carry the same.</summary>
internal static class PullShapes
{
    /// <summary>A pull request as a list has it.</summary>
    public static Dictionary<string, object?> Simple(Site site, Repository repository, PullRequest pull)
    {
        var repo = $"{site.ApiUrl}repos/{repository.FullName}";
        var url = $"{repo}/pulls/{pull.Number}";
        var issue = $"{repo}/issues/{pull.Number}";
        var html = $"{site.WebUrl}{repository.FullName}/pull/{pull.Number}";
        return new()
        {
            ["id"] = pull.Id,
            ["node_id"] = Node(pull),
            ["number"] = pull.Number,
            ["url"] = url,
            ["html_url"] = html,
            ["diff_url"] = $"{html}.diff",
            ["patch_url"] = $"{html}.patch",
            ["issue_url"] = issue,
            ["commits_url"] = $"{url}/commits",
            ["comments_url"] = $"{issue}/comments",
            ["review_comments_url"] = $"{url}/comments",
            ["review_comment_url"] = $"{repo}/pulls/comments{{/number}}",
            ["statuses_url"] = $"{repo}/statuses/{pull.HeadSha}",
            ["state"] = pull.State,
            ["locked"] = false,
            ["active_lock_reason"] = null,
            ["title"] = pull.Title,
            ["body"] = pull.Body,
            ["user"] = Shapes.User(site, pull.Author),
            ["labels"] = Labels(site, repository, pull),
            ["milestone"] = null,
            ["draft"] = pull.Draft,
            ["created_at"] = Shapes.Time(pull.CreatedAt),
            ["updated_at"] = Shapes.Time(pull.UpdatedAt),
            ["closed_at"] = Shapes.Time(pull.ClosedAt),
            ["merged_at"] = Shapes.Time(pull.MergedAt),
            ["merge_commit_sha"] = pull.MergeCommitSha,
            ["assignee"] = null,
            ["assignees"] = Array.Empty<object>(),
            ["requested_reviewers"] = pull.Reviewers.Select(login => Shapes.User(site, login)).ToArray(),
            ["requested_teams"] = Array.Empty<object>(),
            ["head"] = Side(site, repository, pull.Head, pull.HeadSha),
            ["base"] = Side(site, repository, pull.Base, pull.BaseSha),
            ["author_association"] = "MEMBER",
            ["auto_merge"] = pull.AutoMerge is not { } armed ? null : new
            {
                enabled_by = Shapes.User(site, armed.By),
                merge_method = armed.Method,
                commit_title = armed.Title ?? Merging.Title(repository, pull, armed.Method),
                commit_message = armed.Message ?? "",
            },
            ["_links"] = new
            {
                self = new { href = url },
                html = new { href = html },
                issue = new { href = issue },
                comments = new { href = $"{issue}/comments" },
                review_comments = new { href = $"{url}/comments" },
                review_comment = new { href = $"{repo}/pulls/comments{{/number}}" },
                commits = new { href = $"{url}/commits" },
                statuses = new { href = $"{repo}/statuses/{pull.HeadSha}" },
            },
        };
    }

    /// <summary>A pull request alone; <paramref name="mergeable"/> is null until it is known.</summary>
    public static Dictionary<string, object?> Pull(Site site, Repository repository, PullRequest pull, bool? mergeable = null, string mergeableState = "unknown") =>
        new(Simple(site, repository, pull))
        {
            ["merged"] = pull.MergedAt is not null,
            ["mergeable"] = mergeable,
            ["rebaseable"] = mergeable,
            ["mergeable_state"] = mergeableState,
            ["merged_by"] = pull.MergedBy is { } by ? Shapes.User(site, by) : null,
            ["comments"] = pull.Comments.Count,
            ["review_comments"] = 0,
            ["maintainer_can_modify"] = false,
            ["commits"] = 1,
            ["additions"] = 1,
            ["deletions"] = 0,
            ["changed_files"] = 1,
        };

    private static object Side(Site site, Repository repository, string branch, string sha) => new
    {
        label = $"{repository.Owner}:{branch}",
        @ref = branch,
        sha,
        user = Shapes.User(site, repository.Owner),
        repo = Shapes.Repository(site, repository, null),
    };

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

    public static object Issue(Site site, Repository repository, Issue issue)
    {
        var repo = $"{site.ApiUrl}repos/{repository.FullName}";
        var url = $"{repo}/issues/{issue.Number}";
        var html = $"{site.WebUrl}{repository.FullName}/{(issue is PullRequest ? "pull" : "issues")}/{issue.Number}";
        var shape = new Dictionary<string, object?>
        {
            ["id"] = issue.Id,
            ["node_id"] = Ids.Node("I", issue.Id),
            ["number"] = issue.Number,
            ["url"] = url,
            ["html_url"] = html,
            ["comments_url"] = $"{url}/comments",
            ["events_url"] = $"{url}/events",
            ["labels_url"] = $"{url}/labels{{/name}}",
            ["repository_url"] = repo,
            ["title"] = issue.Title,
            ["body"] = issue.Body,
            ["user"] = Shapes.User(site, issue.Author),
            ["labels"] = Labels(site, repository, issue),
            ["milestone"] = null,
            ["state"] = issue.State,
            ["state_reason"] = null,
            ["locked"] = false,
            ["active_lock_reason"] = null,
            ["assignee"] = null,
            ["assignees"] = Array.Empty<object>(),
            ["comments"] = issue.Comments.Count,
            ["created_at"] = Shapes.Time(issue.CreatedAt),
            ["updated_at"] = Shapes.Time(issue.UpdatedAt),
            ["closed_at"] = Shapes.Time(issue.ClosedAt),
            ["closed_by"] = null,
            ["author_association"] = "MEMBER",
        };
        if (issue is PullRequest pull)
        {
            shape["draft"] = pull.Draft;
            shape["pull_request"] = new
            {
                url = $"{repo}/pulls/{pull.Number}",
                html_url = html,
                diff_url = $"{html}.diff",
                patch_url = $"{html}.patch",
                merged_at = Shapes.Time(pull.MergedAt),
            };
        }

        return shape;
    }

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
            description = "",
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
