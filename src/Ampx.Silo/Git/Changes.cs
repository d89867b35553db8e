namespace Ampx.Silo.Git;

/// <summary>A change as text, cut at a bound.</summary>
public sealed record Diff(string Text, bool Truncated);

/// <summary>One file of a change.</summary>
/// <param name="Kind">git's letter: <c>A</c>dded, <c>M</c>odified, <c>D</c>eleted, <c>T</c>ype changed.</param>
public sealed record ChangedFile(char Kind, string Path);

/// <summary>Reads commits out of the mirror: what changed, and files at a commit.</summary>
public sealed class Changes(Mirrors mirrors, GitRunner git)
{
    /// <summary>What <paramref name="headSha"/> changed since it left <paramref name="baseSha"/>, as a unified diff.</summary>
    /// <exception cref="GitException">The mirror lacks one of the commits.</exception>
    public async Task<Diff> Diff(GitRemote remote, string baseSha, string headSha, int maxBytes = 4 << 20, CancellationToken cancel = default)
    {
        var result = await git.Run(
            mirrors.Repository(remote).Command(
                ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", Range(baseSha, headSha), "--"])
                with
            { MaxOutput = maxBytes },
            cancel);
        if (!result.Truncated) return new Diff(result.Output, false);
        var lastLine = result.Output.LastIndexOf('\n') + 1;
        return new Diff(result.Output[..lastLine], true);
    }

    /// <summary>The files of that change; a renamed one counts as deleted and added.</summary>
    /// <exception cref="GitException">The mirror lacks one of the commits.</exception>
    public async Task<IReadOnlyList<ChangedFile>> Files(GitRemote remote, string baseSha, string headSha, CancellationToken cancel = default)
    {
        var result = await mirrors.Repository(remote).Run(
            ["diff", "--name-status", "--no-renames", "--no-ext-diff", "-z", Range(baseSha, headSha), "--"], cancel);
        return [.. result.Entries.Chunk(2).Where(pair => pair.Length == 2).Select(pair => new ChangedFile(pair[0][0], pair[1]))];
    }

    /// <summary>A file's text at a commit; null if there is no such file, or it is a link.</summary>
    /// <exception cref="GitException">The mirror lacks the commit.</exception>
    public async Task<string?> ReadFile(GitRemote remote, string sha, string path, int maxBytes = 1 << 20, CancellationToken cancel = default)
    {
        var repository = mirrors.Repository(remote);
        var found = await repository.Run(["--literal-pathspecs", "ls-tree", "-z", RefName.Sha(sha), "--", path], cancel);
        var entry = found.Entries.Select(Entry).FirstOrDefault(e => e.Path == path);
        if (entry.Path is null || !entry.Mode.StartsWith("100", StringComparison.Ordinal)) return null;
        return (await git.Run(repository.Command(["cat-file", "blob", entry.Sha]) with { MaxOutput = maxBytes }, cancel)).Output;
    }

    /// <summary>The paths of all files in a folder at a commit, subfolders included; the empty path is the root.</summary>
    /// <exception cref="GitException">The mirror lacks the commit.</exception>
    public async Task<IReadOnlyList<string>> ListFiles(GitRemote remote, string sha, string folder, CancellationToken cancel = default)
    {
        string[] where = folder.Trim('/') is { Length: > 0 } inside ? ["--", inside + "/"] : [];
        var found = await mirrors.Repository(remote).Run(
            ["--literal-pathspecs", "ls-tree", "-r", "-z", "--name-only", RefName.Sha(sha), .. where], cancel);
        return found.Entries;
    }

    /// <summary>Fills a folder of its own with a commit's files, for CI of a repository on this machine. Safe to repeat: it begins anew.</summary>
    /// <exception cref="GitException">The mirror lacks the commit, or the disk is full.</exception>
    public async Task CheckOutClean(GitRemote remote, string sha, string folder, CancellationToken cancel = default)
    {
        Remove(folder);
        GitFolders.Create(folder);
        PrivateGit.Rebuild(folder, new PrivateGitPlan(mirrors.PathOf(remote), null, RefName.Sha(sha)));
        await git.Run(new GitRepository(git, Path.Combine(folder, ".git"), folder).Command(["reset", "--quiet", "--hard"]) with { Fills = folder }, cancel);
    }

    /// <summary>Removes a clean checkout, whatever was made in it.</summary>
    public static void Remove(string folder)
    {
        DiskFolder.Delete(folder);
        DiskFolder.Delete(folder + ".git-new");
    }

    private static string Range(string baseSha, string headSha) => $"{RefName.Sha(baseSha)}...{RefName.Sha(headSha)}";

    /// <summary><c>mode type sha TAB path</c></summary>
    private static (string Mode, string Sha, string Path) Entry(string line)
    {
        var tab = line.Split('\t', 2);
        var head = tab[0].Split(' ');
        return (head[0], head[2], tab[1]);
    }
}
