using System.Globalization;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Accounts and repositories as GitHub writes them.</summary>
internal static class Shapes
{
    /// <summary>Addresses below a repository's own, as GitHub lists them: what is after the slash, per field.</summary>
    private static readonly (string Field, string Below)[] Addresses =
    [
        ("archive_url", "{archive_format}{/ref}"), ("assignees_url", "assignees{/user}"), ("blobs_url", "git/blobs{/sha}"), ("branches_url", "branches{/branch}"),
        ("collaborators_url", "collaborators{/collaborator}"), ("comments_url", "comments{/number}"), ("commits_url", "commits{/sha}"),
        ("compare_url", "compare/{base}...{head}"), ("contents_url", "contents/{+path}"), ("contributors_url", "contributors"), ("deployments_url", "deployments"),
        ("downloads_url", "downloads"), ("events_url", "events"), ("forks_url", "forks"), ("git_commits_url", "git/commits{/sha}"), ("git_refs_url", "git/refs{/sha}"),
        ("git_tags_url", "git/tags{/sha}"), ("hooks_url", "hooks"), ("issue_comment_url", "issues/comments{/number}"), ("issue_events_url", "issues/events{/number}"),
        ("issues_url", "issues{/number}"), ("keys_url", "keys{/key_id}"), ("labels_url", "labels{/name}"), ("languages_url", "languages"), ("merges_url", "merges"),
        ("milestones_url", "milestones{/number}"), ("notifications_url", "notifications{?since,all,participating}"), ("pulls_url", "pulls{/number}"),
        ("releases_url", "releases{/id}"), ("stargazers_url", "stargazers"), ("statuses_url", "statuses/{sha}"), ("subscribers_url", "subscribers"),
        ("subscription_url", "subscription"), ("tags_url", "tags"), ("teams_url", "teams"), ("trees_url", "git/trees{/sha}"),
    ];

    public static string? Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static Dictionary<string, object?> User(Site site, string login, int? id = null)
    {
        var url = $"{site.ApiUrl}users/{login}";
        return new()
        {
            ["login"] = login,
            ["id"] = id ?? 1_000_000 + (login.Sum(letter => (int)letter) * 31),
            ["node_id"] = Ids.Node("U", login.Length),
            ["avatar_url"] = $"{site.WebUrl}avatars/{login}",
            ["gravatar_id"] = "",
            ["url"] = url,
            ["html_url"] = site.WebUrl + login,
            ["followers_url"] = $"{url}/followers",
            ["following_url"] = $"{url}/following{{/other_user}}",
            ["gists_url"] = $"{url}/gists{{/gist_id}}",
            ["starred_url"] = $"{url}/starred{{/owner}}{{/repo}}",
            ["subscriptions_url"] = $"{url}/subscriptions",
            ["organizations_url"] = $"{url}/orgs",
            ["repos_url"] = $"{url}/repos",
            ["events_url"] = $"{url}/events{{/privacy}}",
            ["received_events_url"] = $"{url}/received_events",
            ["type"] = login.EndsWith("[bot]", StringComparison.Ordinal) ? "Bot" : "User",
            ["site_admin"] = false,
        };
    }

    /// <summary>The account of the token that asks.</summary>
    public static object Oneself(Site site, AccessToken token) => new Dictionary<string, object?>(User(site, token.Login, token.UserId))
    {
        ["name"] = token.Login,
        ["company"] = null,
        ["blog"] = "",
        ["location"] = null,
        ["email"] = null,
        ["hireable"] = null,
        ["bio"] = null,
        ["public_repos"] = 0,
        ["public_gists"] = 0,
        ["followers"] = 0,
        ["following"] = 0,
        ["created_at"] = "2020-01-01T00:00:00Z",
        ["updated_at"] = "2020-01-01T00:00:00Z",
    };

    /// <summary>A repository inside of something else, e.g. a workflow run.</summary>
    public static Dictionary<string, object?> MinimalRepository(Site site, Repository repository)
    {
        var url = $"{site.ApiUrl}repos/{repository.FullName}";
        var shape = new Dictionary<string, object?>
        {
            ["id"] = repository.Id,
            ["node_id"] = Ids.Node("R", repository.Id),
            ["name"] = repository.Name,
            ["full_name"] = repository.FullName,
            ["private"] = repository.Settings.Private,
            ["owner"] = User(site, repository.Owner),
            ["html_url"] = site.WebUrl + repository.FullName,
            ["description"] = null,
            ["fork"] = false,
            ["url"] = url,
        };
        foreach (var (field, below) in Addresses) shape[field] = $"{url}/{below}";
        return shape;
    }

    /// <summary>A repository; with what <paramref name="token"/> may do there, if it was asked for with one.</summary>
    public static Dictionary<string, object?> Repository(Site site, Repository repository, AccessToken? token)
    {
        var html = site.WebUrl + repository.FullName;
        var settings = repository.Settings;
        var issues = repository.Issues.Count(issue => issue.State == "open");
        var shape = new Dictionary<string, object?>(MinimalRepository(site, repository))
        {
            ["git_url"] = $"git://127.0.0.1:{site.Port}/{repository.FullName}.git",
            ["ssh_url"] = $"git@127.0.0.1:{repository.FullName}.git",
            ["clone_url"] = html + ".git",
            ["svn_url"] = html,
            ["mirror_url"] = null,
            ["homepage"] = null,
            ["language"] = null,
            ["license"] = null,
            ["default_branch"] = settings.DefaultBranch,
            ["archived"] = false,
            ["disabled"] = false,
            ["visibility"] = settings.Private ? "private" : "public",
            ["is_template"] = false,
            ["topics"] = Array.Empty<string>(),
            ["has_issues"] = true,
            ["has_projects"] = true,
            ["has_wiki"] = false,
            ["has_pages"] = false,
            ["has_downloads"] = true,
            ["has_discussions"] = false,
            ["forks"] = 0,
            ["forks_count"] = 0,
            ["watchers"] = 0,
            ["watchers_count"] = 0,
            ["stargazers_count"] = 0,
            ["open_issues"] = issues,
            ["open_issues_count"] = issues,
            ["size"] = 42,
            ["allow_forking"] = true,
            ["web_commit_signoff_required"] = false,
            ["created_at"] = Time(repository.CreatedAt),
            ["updated_at"] = Time(repository.PushedAt ?? repository.CreatedAt),
            ["pushed_at"] = Time(repository.PushedAt ?? repository.CreatedAt),
        };
        if (token is null) return shape;

        shape["permissions"] = new
        {
            admin = false,
            maintain = false,
            push = token.Allows("contents", "write"),
            triage = token.Allows("contents", "write"),
            pull = token.Allows("contents", "read"),
        };
        shape["allow_merge_commit"] = settings.AllowMergeCommit;
        shape["allow_squash_merge"] = settings.AllowSquashMerge;
        shape["allow_rebase_merge"] = settings.AllowRebaseMerge;
        shape["allow_auto_merge"] = settings.AllowAutoMerge;
        shape["delete_branch_on_merge"] = settings.DeleteBranchOnMerge;
        shape["allow_update_branch"] = false;
        shape["network_count"] = 0;
        shape["subscribers_count"] = 0;
        return shape;
    }
}
