using System.Text.RegularExpressions;
using Ampx.FakeGitHub.Repositories;

namespace Ampx.FakeGitHub.Rest;

/// <summary>The few mutations that REST lacks. They are told by name; the answer has more fields than were asked for.</summary>
internal static partial class GraphQlEndpoint
{
    public static void MapGraphQl(this WebApplication app, Site site)
    {
        app.On(site, "POST", "/api/graphql", Handle);
        app.On(site, "POST", RestRoutes.Base + "/graphql", Handle);
    }

    [GeneratedRegex(@"\b(markPullRequestReadyForReview|convertPullRequestToDraft|enablePullRequestAutoMerge|disablePullRequestAutoMerge)\b")]
    private static partial Regex Mutation();

    [GeneratedRegex("PR_kwDO[A-Za-z0-9]+")]
    private static partial Regex PullId();

    [GeneratedRegex(@"\b(SQUASH|MERGE|REBASE)\b")]
    private static partial Regex Method();

    private static async Task<Answer> Handle(Call call)
    {
        if (call.Text("query") is not { } query) return Answer.Error(400, "A query attribute must be specified and must be a string.");
        var everything = query + call.Field("variables")?.ToJsonString();
        if (query.Contains("viewer", StringComparison.Ordinal)) return Answer.Ok(new { data = new { viewer = new { login = call.Token.Login } } });
        if (Mutation().Match(query) is not { Success: true, Value: var mutation }) return Failed("undefinedField", null, "Field doesn't exist on type 'Mutation'");

        var id = PullId().Match(everything).Value;
        var found = call.Site.Repositories.All.Where(repository => call.Token.Reaches(repository.FullName))
            .SelectMany(repository => repository.Pulls.Select(pull => (repository, pull))).FirstOrDefault(entry => PullShapes.Node(entry.pull) == id);
        if (found.pull is not { } pull) return Failed("NOT_FOUND", mutation, $"Could not resolve to a node with the global id of '{id}'");
        if (!call.Token.Allows("pull_requests", "write")) return Failed("FORBIDDEN", mutation, "Resource not accessible by personal access token");

        if (await Change(call, found.repository, pull, mutation, everything) is { } refusal) return Failed("UNPROCESSABLE", mutation, refusal);
        return Answer.Ok(new { data = new Dictionary<string, object> { [mutation] = new { clientMutationId = (string?)null, pullRequest = Shape(call.Site, found.repository, pull) } } });
    }

    private static async Task<string?> Change(Call call, Repository repository, PullRequest pull, string mutation, string text)
    {
        var site = call.Site;
        if (pull.State != "open") return "Pull request is closed";
        switch (mutation)
        {
            case "markPullRequestReadyForReview":
                if (!pull.Draft) return null;
                (pull.Draft, pull.UpdatedAt) = (false, site.Now);
                await Pulls.Tell(site, repository, pull, "ready_for_review", call.Token.Login);
                return null;
            case "convertPullRequestToDraft":
                if (!repository.Settings.AllowDrafts) return "Draft pull requests are not supported in this repository.";
                (pull.Draft, pull.UpdatedAt) = (true, site.Now);
                await Pulls.Tell(site, repository, pull, "converted_to_draft", call.Token.Login);
                return null;
            case "enablePullRequestAutoMerge":
                if (!repository.Settings.AllowAutoMerge) return "Pull request Auto merge is not allowed for this repository";
                if (pull.Draft) return "Pull request Pull request is in draft state";
                if (Pulls.ChecksAreGreen(repository, pull)) return "Pull request Pull request is in clean status";
                pull.AutoMerge = (Method().Match(text) is { Success: true } method ? method.Value.ToLowerInvariant() : "merge", call.Token.Login, site.Now);
                site.Webhooks.PullRequestChanged(repository, pull, "auto_merge_enabled");
                return null;
            default:
                if (pull.AutoMerge is null) return "Can't disable auto-merge for this pull request";
                pull.AutoMerge = null;
                site.Webhooks.PullRequestChanged(repository, pull, "auto_merge_disabled");
                return null;
        }
    }

    private static object Shape(Site site, Repository repository, PullRequest pull) => new
    {
        id = PullShapes.Node(pull),
        number = pull.Number,
        url = $"{site.WebUrl}{repository.FullName}/pull/{pull.Number}",
        state = pull.MergedAt is not null ? "MERGED" : pull.State.ToUpperInvariant(),
        isDraft = pull.Draft,
        autoMergeRequest = pull.AutoMerge is { } armed ? new { enabledAt = Shapes.Time(armed.At), mergeMethod = armed.Method.ToUpperInvariant() } : null,
    };

    private static Answer Failed(string type, string? mutation, string message) => Answer.Ok(new
    {
        data = mutation is null ? null : new Dictionary<string, object?> { [mutation] = null },
        errors = new[] { new { type, path = mutation is null ? [] : new[] { mutation }, locations = new[] { new { line = 1, column = 1 } }, message } },
    });
}
