using System.Globalization;
using Ampx.FakeGitHub.Accounts;
using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Rest;

/// <summary>Accounts and repositories as GitHub writes them.</summary>
internal static class Shapes
{
    public static string? Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static object User(Site site, string login, int? id = null) => new
    {
        login,
        id = id ?? 1_000_000 + (login.Sum(letter => (int)letter) * 31),
        node_id = Ids.Node("U", login.Length),
        avatar_url = $"{site.WebUrl}avatars/{login}",
        url = $"{site.ApiUrl}users/{login}",
        html_url = site.WebUrl + login,
        type = login.EndsWith("[bot]", StringComparison.Ordinal) ? "Bot" : "User",
        site_admin = false,
    };

    public static object Repository(Site site, Repository repository, AccessToken? token)
    {
        var url = $"{site.ApiUrl}repos/{repository.FullName}";
        var html = site.WebUrl + repository.FullName;
        var settings = repository.Settings;
        return new
        {
            id = repository.Id,
            node_id = Ids.Node("R", repository.Id),
            name = repository.Name,
            full_name = repository.FullName,
            @private = settings.Private,
            owner = User(site, repository.Owner),
            html_url = html,
            description = (string?)null,
            fork = false,
            url,
            git_url = $"git://127.0.0.1:{site.Port}/{repository.FullName}.git",
            ssh_url = $"git@127.0.0.1:{repository.FullName}.git",
            clone_url = html + ".git",
            default_branch = settings.DefaultBranch,
            archived = false,
            disabled = false,
            visibility = settings.Private ? "private" : "public",
            has_issues = true,
            open_issues_count = repository.Issues.Count(issue => issue.State == "open"),
            size = 42,
            permissions = token is null ? null : new
            {
                admin = false,
                maintain = false,
                push = token.Allows("contents", "write"),
                triage = token.Allows("contents", "write"),
                pull = token.Allows("contents", "read"),
            },
            allow_merge_commit = settings.AllowMergeCommit,
            allow_squash_merge = settings.AllowSquashMerge,
            allow_rebase_merge = settings.AllowRebaseMerge,
            allow_auto_merge = settings.AllowAutoMerge,
            delete_branch_on_merge = settings.DeleteBranchOnMerge,
            allow_update_branch = false,
            created_at = Time(repository.CreatedAt),
            updated_at = Time(repository.PushedAt ?? repository.CreatedAt),
            pushed_at = Time(repository.PushedAt ?? repository.CreatedAt),
        };
    }
}
