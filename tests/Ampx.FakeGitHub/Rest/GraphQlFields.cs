using System.Text.Json.Nodes;
using Ampx.FakeGitHub.Repositories;
using GraphQLParser.AST;

namespace Ampx.FakeGitHub.Rest;

/// <summary>The fields of GitHub's GraphQL schema that are here: a pull request by its id or number, and what is done to it.</summary>
internal static class GraphQlFields
{
    public static async Task<JsonObject?> Resolve(Call call, OperationType operation, string field, Dictionary<string, JsonNode?> arguments)
    {
        if (operation is OperationType.Mutation) return await Mutate(call, field, arguments.GetValueOrDefault("input") as JsonObject ?? []);
        switch (field)
        {
            case "viewer":
                return new() { ["__typename"] = "User", ["login"] = call.Token.Login, ["databaseId"] = call.Token.UserId };
            case "node":
                var (home, pull) = Find(call, (string?)arguments.GetValueOrDefault("id"));
                return await Shape(call.Site, home, pull);
            case "repository":
                var name = $"{arguments.GetValueOrDefault("owner")}/{arguments.GetValueOrDefault("name")}";
                if (call.Site.Repositories.Find(name) is not { } repository || !call.Token.Reaches(repository.FullName))
                    throw new GraphQlRefusal("NOT_FOUND", $"Could not resolve to a Repository with the name '{name}'.");
                return new() { ["__typename"] = "Repository", ["nameWithOwner"] = repository.FullName, ["autoMergeAllowed"] = repository.Settings.AllowAutoMerge };
            default:
                throw new UndefinedFieldException("Query", field);
        }
    }

    private static (Repository Repository, PullRequest Pull) Find(Call call, string? id)
    {
        var found = call.Site.Repositories.All.Where(repository => call.Token.Reaches(repository.FullName))
            .SelectMany(repository => repository.Pulls.Select(pull => (repository, pull))).FirstOrDefault(entry => PullShapes.Node(entry.pull) == id);
        return found.pull is null ? throw new GraphQlRefusal("NOT_FOUND", $"Could not resolve to a node with the global id of '{id}'.") : found;
    }

    private static async Task<JsonObject> Mutate(Call call, string mutation, JsonObject input)
    {
        if (mutation is not ("markPullRequestReadyForReview" or "convertPullRequestToDraft" or "enablePullRequestAutoMerge" or "disablePullRequestAutoMerge"
            or "enqueuePullRequest" or "dequeuePullRequest")) throw new UndefinedFieldException("Mutation", mutation);
        var (repository, pull) = Find(call, (string?)input["pullRequestId"] ?? (string?)input["id"]);
        if (!call.Token.Allows("pull_requests", "write"))
            throw new GraphQlRefusal("FORBIDDEN", $"Resource not accessible by {(call.Token.Installation ? "integration" : "personal access token")}");
        if (await Change(call, repository, pull, mutation, input) is { } refusal) throw new GraphQlRefusal("UNPROCESSABLE", refusal);
        return new()
        {
            ["__typename"] = char.ToUpperInvariant(mutation[0]) + mutation[1..] + "Payload",
            ["clientMutationId"] = input["clientMutationId"]?.DeepClone(),
            ["pullRequest"] = await Shape(call.Site, repository, pull),
            ["mergeQueueEntry"] = null,
        };
    }

    private static async Task<string?> Change(Call call, Repository repository, PullRequest pull, string mutation, JsonObject input)
    {
        var site = call.Site;
        switch (mutation)
        {
            case "markPullRequestReadyForReview":
                if (pull.State != "open") return "Pull request is closed";
                if (!pull.Draft) return null;
                (pull.Draft, pull.UpdatedAt) = (false, site.Now);
                await Pulls.Tell(site, repository, pull, "ready_for_review", call.Token.Login);
                return null;
            case "convertPullRequestToDraft":
                if (pull.State != "open") return "Pull request is closed";
                if (!repository.Settings.AllowDrafts) return "Draft pull requests are not supported in this repository.";
                AutoMerging.Disarm(site, repository, pull);
                (pull.Draft, pull.UpdatedAt) = (true, site.Now);
                await Pulls.Tell(site, repository, pull, "converted_to_draft", call.Token.Login);
                return null;
            case "enablePullRequestAutoMerge":
                var method = ((string?)input["mergeMethod"] ?? "MERGE").ToLowerInvariant();
                return await AutoMerging.Arm(site, repository, pull,
                    new(method, call.Token.Login, site.Now, (string?)input["commitHeadline"], (string?)input["commitBody"]), (string?)input["expectedHeadOid"]);
            case "disablePullRequestAutoMerge":
                return AutoMerging.Disarm(site, repository, pull) ? null : "Can't disable auto-merge for this pull request";
            case "dequeuePullRequest":
                return "Pull request is not in the merge queue";
            default:
                return "The base branch has no merge queue";
        }
    }

    private static async Task<JsonObject> Shape(Site site, Repository repository, PullRequest pull) => new()
    {
        ["__typename"] = "PullRequest",
        ["id"] = PullShapes.Node(pull),
        ["number"] = pull.Number,
        ["title"] = pull.Title,
        ["url"] = $"{site.WebUrl}{repository.FullName}/pull/{pull.Number}",
        ["state"] = pull.MergedAt is not null ? "MERGED" : pull.State.ToUpperInvariant(),
        ["isDraft"] = pull.Draft,
        ["merged"] = pull.MergedAt is not null,
        ["headRefName"] = pull.Head,
        ["headRefOid"] = pull.HeadSha,
        ["baseRefName"] = pull.Base,
        ["mergeStateStatus"] = pull.State == "open" ? (await Merging.Status(repository, pull)).ToUpperInvariant() : "UNKNOWN",
        ["isInMergeQueue"] = false,
        ["autoMergeRequest"] = pull is not { State: "open", AutoMerge: { } armed } ? null : new JsonObject
        {
            ["__typename"] = "AutoMergeRequest",
            ["enabledAt"] = Shapes.Time(armed.At),
            ["enabledBy"] = new JsonObject { ["__typename"] = "User", ["login"] = armed.By },
            ["mergeMethod"] = armed.Method.ToUpperInvariant(),
            ["commitHeadline"] = armed.Title,
            ["commitBody"] = armed.Message,
        },
    };
}
