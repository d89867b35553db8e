using CliWrap;
using CliWrap.Buffered;

namespace Ampx.FakeGitHub.Repositories;

/// <summary>Merges, really made in the bare repository.</summary>
internal static class Merging
{
    /// <summary>Works out whether the pull request merges, and keeps the test merge as <c>refs/pull/N/merge</c>.</summary>
    public static async Task<Mergeability> Try(Repository repository, PullRequest pull)
    {
        var baseSha = await repository.Git.Branch(pull.Base) ?? pull.BaseSha;
        if (pull.Mergeable is { } known && known.HeadSha == pull.HeadSha && known.BaseSha == baseSha) return known;

        var tree = await MergedTree(repository, baseSha, pull.HeadSha);
        var merge = tree is null
            ? null
            : await Commit(repository, tree, $"Merge {pull.HeadSha} into {baseSha}", pull.Author, baseSha, pull.HeadSha);
        if (merge is not null) await repository.Git.Run("update-ref", $"refs/pull/{pull.Number}/merge", merge);
        return new(pull.HeadSha, baseSha, merge);
    }

    /// <summary>Merges it. The answer is GitHub's: 200 with the new commit, 405 or 409 with the reason.</summary>
    public static async Task<(int Status, string Words)> Merge(
        Site site, Repository repository, PullRequest pull, string method, string? expectedHead, (string? Title, string? Message)? texts, string login)
    {
        await repository.Pulling.WaitAsync();
        try
        {
            if (pull.State != "open") return (405, "Pull Request is not mergeable");
            if (pull.Draft) return (405, "Pull Request is still a draft");
            if (!Allows(repository.Settings, method)) return (405, $"{Name(method)} are not allowed on this repository.");
            if (expectedHead is not null && expectedHead != pull.HeadSha)
                return (409, "Head branch was modified. Review and try the merge again.");
            if (Missing(repository, pull) is { } missing) return (405, missing);

            var tip = await repository.Git.Branch(pull.Base);
            if (tip is null || await Make(repository, pull, tip, method, texts, login) is not { } merged)
                return (405, "Pull Request has merge conflicts");

            var moved = false;
            await site.Pushes.Receive(repository, login, async () =>
            {
                moved = (await repository.Git.Try("update-ref", "refs/heads/" + pull.Base, merged, tip)).ExitCode != 0;
                if (!moved) Pulls.MarkMerged(site, repository, pull, merged, login);
            });
            if (moved) return (405, "Base branch was modified. Review and try the merge again.");
            if (repository.Settings.DeleteBranchOnMerge)
                await site.Pushes.Receive(repository, login, () => repository.Git.Try("update-ref", "-d", "refs/heads/" + pull.Head));
            return (200, merged);
        }
        finally
        {
            repository.Pulling.Release();
        }
    }

    /// <summary>GitHub's <c>mergeable_state</c> of an open pull request.</summary>
    public static async Task<string> Status(Repository repository, PullRequest pull) =>
        (await Try(repository, pull)).MergeSha is null ? "dirty"
        : pull.Draft ? "draft"
        : Missing(repository, pull) is not null ? "blocked"
        : Pulls.ChecksAreGreen(repository, pull) ? "clean" : "unstable";

    /// <summary>What the base branch's rules still ask for, in GitHub's words; null if nothing.</summary>
    public static string? Missing(Repository repository, PullRequest pull) =>
        Pulls.MissingCheck(repository, pull) is { } check ? $"Required status check \"{check}\" is expected." : Reviews.Missing(repository, pull);

    /// <summary>The repository's settings allow merges of that kind.</summary>
    public static bool Allows(RepositorySettings settings, string method) => method switch
    {
        "merge" => settings.AllowMergeCommit,
        "squash" => settings.AllowSquashMerge,
        "rebase" => settings.AllowRebaseMerge,
        _ => false,
    };

    /// <summary>Merges of that kind, as GitHub speaks of them.</summary>
    public static string Name(string method) => method switch { "merge" => "Merge commits", "squash" => "Squash merges", _ => "Rebase merges" };

    /// <summary>The first line of the commit that a merge makes, if its caller gives none.</summary>
    public static string Title(Repository repository, PullRequest pull, string method) => method == "merge"
        ? $"Merge pull request #{pull.Number} from {repository.Owner}/{pull.Head}"
        : $"{pull.Title} (#{pull.Number})";

    private static async Task<string?> Make(
        Repository repository, PullRequest pull, string tip, string method, (string? Title, string? Message)? texts, string login)
    {
        if (method == "rebase") return await Rebase(repository, tip, pull.HeadSha);
        if (await MergedTree(repository, tip, pull.HeadSha) is not { } tree) return null;
        var title = Title(repository, pull, method);
        if (method == "squash")
        {
            var squashed = await repository.Git.Run("log", "--reverse", "--format=* %s%n%n%b", $"{tip}..{pull.HeadSha}");
            return await Commit(repository, tree, Message(texts, title, squashed), login, tip);
        }

        return await Commit(repository, tree, Message(texts, title, pull.Title), login, tip, pull.HeadSha);
    }

    private static string Message((string? Title, string? Message)? texts, string title, string message) =>
        $"{texts?.Title ?? title}\n\n{texts?.Message ?? message}".TrimEnd() + "\n";

    /// <summary>The tree of a merge; null if there are conflicts.</summary>
    private static async Task<string?> MergedTree(Repository repository, string one, string other)
    {
        var result = await repository.Git.Try("merge-tree", "--write-tree", one, other);
        return result.ExitCode == 0 ? result.StandardOutput.Split('\n')[0] : null;
    }

    private static async Task<string> Commit(Repository repository, string tree, string message, string login, params string[] parents)
    {
        var environment = new Dictionary<string, string?>(BareGit.CleanEnvironment)
        {
            ["GIT_AUTHOR_NAME"] = login,
            ["GIT_AUTHOR_EMAIL"] = $"{login}@users.noreply.github.com",
        };
        string[] arguments = ["commit-tree", tree, .. parents.SelectMany(parent => new[] { "-p", parent }), "-m", message];
        var result = await Cli.Wrap("git").WithArguments(arguments).WithWorkingDirectory(repository.Git.Folder)
            .WithEnvironmentVariables(environment).ExecuteBufferedAsync();
        return result.StandardOutput.Trim();
    }

    private static async Task<string?> Rebase(Repository repository, string onto, string head)
    {
        var folder = Directory.CreateTempSubdirectory("fake-github-rebase-").FullName;
        try
        {
            await repository.Git.Run("worktree", "add", "--quiet", "--force", "--detach", folder, head);
            var tree = new BareGit(folder);
            var done = await tree.Try("rebase", "--quiet", onto);
            return done.ExitCode == 0 ? await tree.Resolve("HEAD") : null;
        }
        finally
        {
            Folders.Delete(folder);
            await repository.Git.Try("worktree", "prune");
        }
    }
}
