using Ampx.FakeGitHub.Workflows;

namespace Ampx.FakeGitHub.Repositories;

/// <summary>A merge that waits for the branch's rules.</summary>
/// <param name="Method"><c>merge</c>, <c>squash</c> or <c>rebase</c>.</param>
/// <param name="By">Who armed it, and will have merged.</param>
/// <param name="At">When it was armed.</param>
/// <param name="Title">The merge commit's first line, if not GitHub's own.</param>
/// <param name="Message">The merge commit's text, if not GitHub's own.</param>
public sealed record AutoMerge(string Method, string By, DateTimeOffset At, string? Title = null, string? Message = null);

/// <summary>Arms pull requests, takes that back, and merges the armed ones once nothing that is required is missing.</summary>
internal static class AutoMerging
{
    /// <summary>Arms it; else why not, in GitHub's words. One that could be merged at once can't be armed.</summary>
    public static async Task<string?> Arm(Site site, Repository repository, PullRequest pull, AutoMerge armed, string? expectedHead)
    {
        await repository.Pulling.WaitAsync();
        try
        {
            if (!repository.Settings.AllowAutoMerge) return "Pull request Auto merge is not allowed for this repository";
            if (pull.State != "open") return "Pull request is closed";
            if (expectedHead is not null && expectedHead != pull.HeadSha) return "Head branch was modified. Review and try the merge again.";
            if (!Merging.Allows(repository.Settings, armed.Method)) return $"Merge method {Merging.Name(armed.Method).ToLowerInvariant()} are not allowed on this repository";
            if (await Merging.Status(repository, pull) is not "blocked" and var status) return $"Pull request Pull request is in {status} {(status == "draft" ? "state" : "status")}";
            pull.AutoMerge = armed;
            pull.UpdatedAt = site.Now;
        }
        finally
        {
            repository.Pulling.Release();
        }

        site.Webhooks.PullRequestChanged(repository, pull, "auto_merge_enabled");
        await Try(site, repository, pull); // what it waits for may have come while it was armed
        return null;
    }

    /// <summary>Takes it back; false if there was nothing to take back.</summary>
    public static bool Disarm(Site site, Repository repository, PullRequest pull)
    {
        if (pull.State != "open" || pull.AutoMerge is null) return false;
        (pull.AutoMerge, pull.UpdatedAt) = (null, site.Now);
        site.Webhooks.PullRequestChanged(repository, pull, "auto_merge_disabled");
        return true;
    }

    /// <summary>Merges it if it is armed and nothing required is missing. Conflicts leave it armed.</summary>
    public static async Task Try(Site site, Repository repository, PullRequest pull)
    {
        if (pull is not { State: "open", Draft: false, AutoMerge: { } armed } || Merging.Missing(repository, pull) is not null) return;
        await Merging.Merge(site, repository, pull, armed.Method, null, (armed.Title, armed.Message), armed.By);
    }

    /// <summary>A run has ended: those that waited for it merge.</summary>
    public static async Task Try(Site site, Repository repository, WorkflowRun run)
    {
        foreach (var pull in repository.Pulls.Where(pull => pull.HeadSha == run.HeadSha).ToList()) await Try(site, repository, pull);
    }
}
