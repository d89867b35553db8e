namespace Ampx.Silo.Git;

/// <summary>A working tree of somebody's repository that has a branch checked out.</summary>
internal sealed record LocalCheckout(string Path, bool Dirty);

internal static class LocalCheckouts
{
    /// <summary>The working trees there that have the branch checked out, the main one first. git itself refuses a repository of another user's.</summary>
    public static async Task<IReadOnlyList<LocalCheckout>> Of(GitRunner git, string repository, string branch, CancellationToken cancel)
    {
        var found = new List<LocalCheckout>();
        var list = await git.Run(new GitCommand("worktree", "list", "--porcelain") { Folder = repository }, cancel);
        foreach (var block in list.Output.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = block.Split('\n');
            var path = lines.FirstOrDefault(l => l.StartsWith("worktree ", StringComparison.Ordinal))?["worktree ".Length..];
            if (path is null || lines.Contains("bare") || !lines.Contains("branch refs/heads/" + branch) || !Directory.Exists(path)) continue;
            var status = await git.Run(new GitCommand("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all") { Folder = path }, cancel);
            found.Add(new LocalCheckout(path, status.Output.Length > 0));
        }

        return found;
    }
}
