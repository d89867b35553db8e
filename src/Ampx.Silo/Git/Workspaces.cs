using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Git;

/// <summary>The pool of kept trees: a warm workspace is a fetch, a reset and a clean instead of a clone. A tree goes to another task of the same
/// owner and repository only, and only with a fresh <c>.git</c> and nothing ignored or untracked left in it.</summary>
public sealed partial class Workspaces(Mirrors mirrors, GitRunner git, GitFolders folders, TimeProvider time, ILogger<Workspaces> log)
{
    private readonly TreePool pool = new(folders, time);

    /// <summary>Gets a tree ready for a run of the task. Safe to repeat: the same task gets the same tree, and one that was ready for the same
    /// start is left as it is, with the work in it.</summary>
    /// <exception cref="RemoteException">The remote, the base branch or its commits are missing.</exception>
    /// <exception cref="GitException">git failed on this machine.</exception>
    public async Task<Workspace> Take(WorkspaceRequest request, CancellationToken cancel = default)
    {
        RefName.Id(request.TaskId);
        RefName.Branch(request.Branch);
        var mirror = await mirrors.Fetch(request.Remote, cancel);
        var repository = mirrors.Repository(request.Remote);
        var start = await StartPoint.Of(request, mirror, repository, cancel);
        var kept = pool.Claim(request.Owner, request.RepoKey, request.TaskId);
        await kept.Turn.WaitAsync(cancel);
        try
        {
            var origin = request.Remote.LocalPath is null ? request.Remote.Address : null;
            var wanted = new Workspace(kept.Tree, start.Base, start.BaseSha, start.StartSha, start.RemoteSha, request.Branch, mirror.Path, origin);
            var earlier = kept.Record.Ready;
            if (earlier is not null && earlier.StartSha == wanted.StartSha && earlier.Branch == wanted.Branch && start.Checkout == start.StartSha
                && PrivateGit.Harden(kept.Tree, mirror.Path, origin))
            {
                pool.Mark(kept, wanted);
                return wanted;
            }

            pool.Mark(kept, null);
            await Prepare(kept, wanted, start.Checkout, earlier is null, await References(repository, wanted, cancel), cancel);
            pool.Mark(kept, wanted);
            return wanted;
        }
        catch
        {
            pool.Release(task => task == request.TaskId);
            throw;
        }
        finally
        {
            kept.Turn.Release();
        }
    }

    /// <summary>The tree that the task holds, as it was made ready; also after a restart. Null if it holds none or preparing had not ended.</summary>
    public Workspace? Find(string taskId) => pool.Of(taskId) is { Record.Ready: { } ready } kept ? ready with { Path = kept.Tree } : null;

    /// <summary>Returns the task's tree to the pool; it stays the task's first choice until another needs it.</summary>
    public void Release(string taskId) => pool.Release(task => task == taskId);

    /// <summary>Every kept tree: whose it is or was, whether a run holds it, and whether the mirror that it borrows from is gone.</summary>
    public IReadOnlyList<(string Folder, string TaskId, bool Held, bool MirrorGone)> Trees() =>
        [.. pool.All().Select(tree => (tree.Folder, tree.Record.TaskId, tree.Record.Held, tree.Record.Ready is { } ready && !Directory.Exists(ready.Mirror)))];

    /// <summary>The task's tree is laid out anew when it is used next.</summary>
    public void Unready(string taskId) => pool.Unready(taskId);

    /// <summary>After a restart: returns the trees of all tasks but those with a run still under way.</summary>
    public void ReleaseAllBut(IReadOnlySet<string> taskIds) => pool.Release(task => !taskIds.Contains(task));

    /// <summary>Removes free trees, the longest unused first, until all of them fit.</summary>
    public void EnforceLimit(long maxBytes) => pool.Remove((bytes, _) => bytes <= maxBytes);

    /// <summary>Removes free trees that nobody has used for so long.</summary>
    public void RemoveUnused(TimeSpan retainFor)
    {
        var oldest = time.GetUtcNow() - retainFor;
        pool.Remove((_, usedAt) => usedAt >= oldest);
    }

    private async Task Prepare(KeptTree kept, Workspace wanted, string checkout, bool everything, string references, CancellationToken cancel)
    {
        var plan = new PrivateGitPlan(wanted.Mirror, wanted.Branch, checkout, references, wanted.Origin);
        var warm = Directory.Exists(kept.Tree) && File.Exists(kept.Index);
        try
        {
            if (!warm) Wipe(kept);
            await Checkout(kept, plan, everything, cancel);
        }
        catch (GitException trouble) when (warm)
        {
            // Whatever the last task left there (files that can't be removed, folders in the way) isn't worth to be understood.
            LogAnew(trouble, kept.Tree);
            Wipe(kept);
            await Checkout(kept, plan, everything, cancel);
        }

        if (checkout != wanted.StartSha)
            await new GitRepository(git, Path.Combine(kept.Tree, ".git"), kept.Tree).Run(["reset", "--quiet", "--soft", wanted.StartSha], cancel);
    }

    private async Task Checkout(KeptTree kept, PrivateGitPlan plan, bool everything, CancellationToken cancel)
    {
        PrivateGit.Rebuild(kept.Tree, plan, kept.Index);
        var tree = new GitRepository(git, Path.Combine(kept.Tree, ".git"), kept.Tree);
        await tree.Run(["reset", "--quiet", "--hard"], cancel);
        await tree.Run(["clean", "--quiet", everything ? "-ffdx" : "-ffd"], cancel);
        await EmptySubmodules(tree, kept.Tree, cancel);
        PrivateGit.CopyIndex(Path.Combine(kept.Tree, ".git", "index"), kept.Index);
    }

    /// <summary>git takes a submodule's folder for tracked and cleans nothing in it.</summary>
    private static async Task EmptySubmodules(GitRepository tree, string path, CancellationToken cancel)
    {
        var entries = await tree.Run(["ls-files", "--stage", "-z"], cancel);
        foreach (var entry in entries.Entries.Where(e => e.StartsWith("160000 ", StringComparison.Ordinal)))
            DiskFolder.EmptyInside(path, entry[(entry.IndexOf('\t', StringComparison.Ordinal) + 1)..]);
    }

    /// <summary>Besides the task's branch a tree knows its base, for <c>git diff origin/main</c>, and the tags, which builds read their version from.</summary>
    private static async Task<string> References(GitRepository mirror, Workspace wanted, CancellationToken cancel)
    {
        var tags = await mirror.Run(["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags/"], cancel);
        return $"{wanted.BaseSha} refs/remotes/origin/{wanted.Base}\n{tags.Output}";
    }

    private static void Wipe(KeptTree kept)
    {
        DiskFolder.Delete(kept.Index);
        DiskFolder.Delete(kept.Tree);
        Directory.CreateDirectory(kept.Tree);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The kept tree {Tree} could not be refreshed and is checked out anew")]
    private partial void LogAnew(Exception trouble, string tree);
}
