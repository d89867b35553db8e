using System.Text;

namespace Ampx.Silo.Git;

/// <summary>What a tree's fresh <c>.git</c> shall know.</summary>
/// <param name="Mirror">The repository whose objects it borrows.</param>
/// <param name="Branch">The branch HEAD is on; null = detached.</param>
/// <param name="References">Further names, <c>sha name</c> a line, such as tags and the base branch.</param>
internal sealed record PrivateGitPlan(string Mirror, string? Branch, string Sha, string References = "", string? Origin = null);

/// <summary>The private <c>.git</c> of a tree: written from our template, and made harmless after somebody else has worked in it.</summary>
internal static class PrivateGit
{
    /// <summary>Replaces <c>.git</c> as a whole: nothing of the old one stays, wherever its links led.</summary>
    /// <param name="index">An index that we wrote ourselves for these files; null = none.</param>
    public static void Rebuild(string tree, PrivateGitPlan plan, string? index = null)
    {
        var made = tree + ".git-new";
        DiskFolder.Delete(made);
        Directory.CreateDirectory(Path.Combine(made, "objects", "info"));
        Directory.CreateDirectory(Path.Combine(made, "objects", "pack"));
        Directory.CreateDirectory(Path.Combine(made, "refs", "heads"));
        Directory.CreateDirectory(Path.Combine(made, "info"));
        Write(made, "config", Config(plan.Origin));
        Write(made, "objects/info/alternates", Alternates(plan.Mirror));
        Write(made, "packed-refs", (plan.Branch is { } branch ? $"{plan.Sha} refs/heads/{branch}\n" : "") + plan.References);
        Write(made, "HEAD", plan.Branch is null ? plan.Sha + "\n" : $"ref: refs/heads/{plan.Branch}\n");
        if (index is not null && File.Exists(index)) CopyIndex(index, Path.Combine(made, "index"));

        Directory.CreateDirectory(tree);
        DiskFolder.Delete(Path.Combine(tree, ".git"));
        Directory.Move(made, Path.Combine(tree, ".git"));
    }

    /// <summary>Makes a <c>.git</c> that somebody else could write safe to run git in: our config, our object store, no links out of it, no pipes, no locks
    /// left behind. False if there is none to save.</summary>
    public static bool Harden(string tree, string mirror, string? origin)
    {
        var git = Path.Combine(tree, ".git");
        if (!Directory.Exists(git) || new DirectoryInfo(git).LinkTarget is not null) return false;
        try
        {
            foreach (var entry in DiskFolder.Entries(new DirectoryInfo(git)).Where(e => e.LinkTarget is not null || e.Extension == ".lock" || (e is FileInfo && OddFiles.Is(e.FullName))).ToList())
                DiskFolder.Delete(entry.FullName);
            foreach (var name in (string[])["commondir", "gitdir", "config.worktree", "shallow", "info/grafts", "info/sparse-checkout", "worktrees", "objects/info/commit-graph", "objects/info/commit-graphs"])
                DiskFolder.Delete(Path.Combine(git, name));
            Directory.CreateDirectory(Path.Combine(git, "objects", "info"));
            Directory.CreateDirectory(Path.Combine(git, "refs", "heads"));
            Replace(git, "config", Config(origin));
            Replace(git, "objects/info/alternates", Alternates(mirror));
            return File.Exists(Path.Combine(git, "HEAD"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // a file where a folder belongs, or the like
        }
    }

    /// <summary>Forgets a merge, rebase, pick or bisect that was under way.</summary>
    public static void EndOperations(string tree)
    {
        string[] states =
        [
            "MERGE_HEAD", "MERGE_MSG", "MERGE_MODE", "AUTO_MERGE", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "SQUASH_MSG",
            "rebase-merge", "rebase-apply", "sequencer", "BISECT_LOG", "BISECT_START",
        ];
        foreach (var name in states) DiskFolder.Delete(Path.Combine(tree, ".git", name));
    }

    /// <summary>Copies an index with its time: git takes a file changed in the index's own tick for possibly changed.</summary>
    public static void CopyIndex(string from, string to)
    {
        File.Copy(from, to, overwrite: true);
        File.SetLastWriteTimeUtc(to, File.GetLastWriteTimeUtc(from));
    }

    private static string Alternates(string mirror) => Path.Combine(mirror, "objects") + "\n";

    private static string Config(string? origin)
    {
        var config = new StringBuilder("""
            [core]
            	repositoryformatversion = 0
            	bare = false
            	fileMode = true
            	logAllRefUpdates = true
            	untrackedCache = false
            	splitIndex = false
            [gc]
            	auto = 0
            [maintenance]
            	auto = false

            """);
        if (origin is not null)
            config.Append("[remote \"origin\"]\n\turl = \"").Append(origin.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal))
                .Append("\"\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n");
        return config.ToString();
    }

    private static void Write(string git, string name, string text) => File.WriteAllText(Path.Combine(git, name), text);

    private static void Replace(string git, string name, string text)
    {
        var path = Path.Combine(git, name);
        DiskFolder.Delete(path);
        File.WriteAllText(path, text);
    }
}
