using Ampx.Core.Tasks;

namespace Ampx.Silo.Forges.GitHub;

/// <summary>Why GitHub doesn't merge, in words for people, with what they can do.</summary>
internal static class MergeRefusals
{
    private const string Auto = "'ampx merge --auto' has GitHub merge it as soon as that is there";

    /// <summary>What the pull request itself says; null if it may be tried.</summary>
    public static MergeRefused? Of(Octokit.PullRequest pull, TaskState task)
    {
        if (pull.State.Value is not Octokit.ItemState.Open) return No($"pull request #{pull.Number} is closed");
        if (pull.Head.Sha != task.HeadSha) return No($"{task.Branch} has moved to {pull.Head.Sha[..10]} since CI judged {task.HeadSha![..10]}: 'ampx continue' goes on from there");
        return pull.Mergeable is false && pull.MergeableState?.StringValue is null or "dirty" or "unknown" ? Conflict(pull, task) : null;
    }

    /// <summary>What GitHub answered; <paramref name="repository"/> where it is about the method.</summary>
    public static MergeRefused Of(Octokit.PullRequest pull, string words, Octokit.Repository? repository)
    {
        var target = pull.Base?.Ref ?? "the base";
        var what = words switch
        {
            _ when repository is not null => Methods(repository),
            _ when Has("auto merge is not allowed") => "the repository's settings have 'Allow auto-merge' switched off: switch it on, or merge without --auto once nothing is missing",
            _ when Has("merge queue") => $"{target} takes changes through a merge queue only: 'ampx merge --auto' puts it there",
            _ when Has("review") || Has("approv") => $"a review is missing; {Auto}",
            _ when Has("status check") || Has("is expected") => $"a check that {target} requires is missing; {Auto}",
            _ when Has("conversation") => "every conversation on it must be resolved first",
            _ when pull.MergeableState?.StringValue is "behind" || Has("up to date") || Has("up-to-date") => $"{target} wants branches up to date: 'ampx continue' with an instruction to merge {target} into it",
            _ when pull.Mergeable is null => "it hasn't worked out yet whether it can: try again in a minute",
            _ => null,
        };
        return No($"GitHub won't merge pull request #{pull.Number} ({words.ReplaceLineEndings(" ").Trim().TrimEnd('.')}){(what is null ? "" : $": {what}")}");

        bool Has(string piece) => words.Contains(piece, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Nothing is in the way of merging now, as <c>gh pr merge --auto</c> sees it.</summary>
    public static bool IsFree(Octokit.PullRequest pull) => pull.Mergeable is true && pull.MergeableState?.StringValue is "clean" or "has_hooks" or "unstable";

    public static bool IsAboutTheMethod(string words) =>
        (words.Contains("merges are not allowed", StringComparison.OrdinalIgnoreCase) || words.Contains("commits are not allowed", StringComparison.OrdinalIgnoreCase)
        || words.Contains("merge method", StringComparison.OrdinalIgnoreCase) || words.Contains("merging is not allowed", StringComparison.OrdinalIgnoreCase));

    public static MergeRefused Conflict(Octokit.PullRequest pull, TaskState task) =>
        new(ErrorCodes.MergeConflict, $"{task.Branch} conflicts with {pull.Base?.Ref ?? task.Base}: 'ampx continue' with an instruction to resolve it, or resolve it by hand");

    public static MergeRefused No(string why) => new(ErrorCodes.NotMergeable, why);

    private static string? Methods(Octokit.Repository repository)
    {
        var allowed = new[] { ("squash", repository.AllowSquashMerge), ("merge", repository.AllowMergeCommit), ("rebase", repository.AllowRebaseMerge) }
            .Where(method => method.Item2 is true).Select(method => method.Item1).ToList();
        return allowed.Count == 0 ? null : $"this repository allows --method {string.Join(" or ", allowed)}";
    }
}
