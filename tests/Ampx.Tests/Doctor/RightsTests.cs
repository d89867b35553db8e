using Ampx.Silo.Doctor.GitHub;
using Xunit;

namespace Ampx.Tests.Doctor;

/// <summary>Permissions found against permissions needed, by what GitHub tells of each kind of credential.</summary>
public sealed class RightsTests
{
    [Fact]
    public void An_App_with_everything_has_everything() =>
        Assert.Empty(Wrong(new() { OfApp = global::Ampx.FakeGitHub.Accounts.AccessToken.Everything }));

    [Fact]
    public void What_an_App_lacks_is_needed_or_only_missed_by_something_smaller()
    {
        var rights = new Rights { OfApp = new Dictionary<string, string> { ["contents"] = "read", ["pull_requests"] = "write" } };
        Assert.Equal(["contents:write!", "actions:read!", "actions:write", "issues:read", "checks:read", "workflows:write"], Wrong(rights));
        var lines = rights.Lines().ToDictionary(line => line.Name);
        Assert.Equal("missing: the App's installation has only contents:read", lines["contents:write"].Detail);
        Assert.Equal("the App's installation doesn't have it: without it only this is missing: a task that changes a workflow file can't be pushed", lines["workflows:write"].Detail);
        Assert.All(lines.Values.Where(line => !line.Ok), line => Assert.Contains("Give the App ", line.Fix, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("repo,workflow", false)]
    [InlineData("repo", false, "workflows:write")]
    [InlineData("public_repo", true, "workflows:write")]
    [InlineData("public_repo", false, "contents:write!", "pull_requests:write!", "actions:read!", "actions:write", "issues:read", "checks:read", "workflows:write")]
    [InlineData("", true, "contents:write!", "pull_requests:write!", "actions:write", "workflows:write")]
    public void A_classic_token_s_scopes_tell(string scopes, bool isPublic, params string[] wrong) => Assert.Equal(
        wrong, Wrong(new() { Scopes = scopes.Split(',', StringSplitOptions.RemoveEmptyEntries), RepositoryIsPublic = isPublic, UserMayPush = true }));

    [Fact]
    public void A_user_who_may_only_read_makes_the_best_token_useless()
    {
        var rights = new Rights { Scopes = ["repo", "workflow"], UserMayPush = false };
        Assert.Equal(["contents:write!", "pull_requests:write!", "actions:write", "workflows:write"], Wrong(rights));
        Assert.Contains("Let the token's user write", rights.Lines().First().Fix, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fine_grained_token_s_writing_is_known_at_the_first_use_only()
    {
        var rights = new Rights { UserMayPush = true, Readable = new Dictionary<string, bool> { ["contents"] = true, ["pull_requests"] = true, ["actions"] = true, ["issues"] = true, ["checks"] = false } };
        Assert.Equal(["contents:write", "pull_requests:write", "actions:write", "checks:read", "workflows:write"], Wrong(rights));
        Assert.StartsWith("can't be known before the first push", rights.Lines().First().Detail, StringComparison.Ordinal);
        Assert.Equal(["contents:write!", "actions:read!"], Wrong(rights with { Readable = new Dictionary<string, bool> { ["contents"] = false, ["actions"] = false, ["issues"] = true, ["checks"] = true } }).Where(line => line.EndsWith('!')));
    }

    private static IEnumerable<string> Wrong(Rights rights) => rights.Lines().Where(line => !line.Ok).Select(line => line.Needed ? $"{line.Name}!" : line.Name);
}
