using Microsoft.Extensions.Logging;

namespace Ampx.Silo.Git;

/// <summary>The pool of kept trees: a warm workspace is a fetch, a reset and a clean instead of a clone. A tree goes to another task of the same
/// owner and repository only, and only with a fresh <c>.git</c> and nothing ignored or untracked left in it.</summary>
public sealed partial class Workspaces(Mirrors mirrors, Snapshots snapshots, GitRunner git, GitFolders folders, TimeProvider time, ILogger<Workspaces> log)
{
    private readonly TreePool pool = new(folders, time, folder => LogTorn(log, folder));

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
        var checkpoint = request.Checkpoint;
        if (checkpoint is not null && !await repository.Has(checkpoint, cancel)) checkpoint = await mirrors.FetchCheckpoint(request.Remote, request.TaskId, cancel);
        var start = await StartPoint.Of(request, mirror, repository, checkpoint, cancel);
        var kept = pool.Claim(request.Owner, request.RepoKey, request.TaskId);
        await kept.Turn.WaitAsync(cancel);
        try
        {
            var origin = request.Remote.LocalPath is null ? request.Remote.Address : null;
            var wanted = new Workspace(kept.Tree, start.Base, start.BaseSha, start.StartSha, start.RemoteSha, request.Branch, mirror.Path, origin, start.Restored is not null);
            var (earlier, known) = (kept.Record.Ready, kept.Record.Made == start.Restored ? start.Restored : kept.Record.Checkpoint);
            // What lies in the task's own tree is newer than the checkpoint that was made of it.
            var newest = start.Restored is null ? start.Checkout == start.StartSha : start.Restored == known;
            if (earlier is not null && earlier.StartSha == wanted.StartSha && earlier.Branch == wanted.Branch && newest && PrivateGit.Harden(kept.Tree, mirror.Path, origin))
            {
                wanted = wanted with { Restored = known is not null };
                pool.Mark(kept, tree => tree with { Ready = wanted, Bytes = null, Checkpoint = known });
                return wanted;
            }

            pool.Mark(kept, tree => tree with { Ready = null, Bytes = null });
            await Prepare(kept, wanted, start.Checkout, earlier is null, await References(repository, wanted, cancel), cancel);
            var files = start.Restored is { } restored ? await repository.Resolve(restored + "^{tree}", cancel) : null;
            pool.Mark(kept, tree => tree with { Ready = wanted, Bytes = null, Checkpoint = start.Restored, Made = null, Files = files });
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

    /// <summary>An agent begins to work in the task's tree: until that work is safe elsewhere nobody else gets the tree.</summary>
    public void BeginWork(string taskId) => Mark(taskId, tree => tree with { Unsaved = true });

    /// <summary>The task's work is at its branch, or there is none.</summary>
    public void EndWork(string taskId) => Mark(taskId, tree => tree with { Unsaved = false, Checkpoint = null, Made = null, Files = null });

    /// <summary>An agent has worked in the task's tree since its work was last safe elsewhere; also if no run has the tree any more.</summary>
    public bool IsUnsaved(string taskId) => pool.LastOf(taskId) is { Record.Unsaved: true };

    /// <summary>Tasks that no run has here, whose work is nowhere else.</summary>
    public IReadOnlyList<string> Kept => pool.Kept;

    /// <summary>The task has gone on without the work in its tree here: another run began from where this one had, and got further.</summary>
    public bool IsSuperseded(string taskId, string? remoteSha, string? checkpoint) =>
        pool.LastOf(taskId) is { Record: { Ready: { } ready } record }
        && (ready.RemoteSha != remoteSha || (checkpoint is not null && checkpoint != record.Checkpoint && checkpoint != record.Made));

    /// <summary>The task's work as it lies in its tree, and the checkpoint before it as known here; no snapshot if nothing has changed since that.</summary>
    /// <exception cref="GitException">git failed on this machine.</exception>
    public async Task<(Snapshot? Now, string? Before)> Snapshot(CommitOrder order, CancellationToken cancel = default)
    {
        if (pool.LastOf(order.TaskId) is not { } kept) return (null, null);
        await kept.Turn.WaitAsync(cancel);
        try
        {
            if (kept.Record is not { Ready: { } ready } record || record.TaskId != order.TaskId) return (null, null);
            var made = await snapshots.Take(ready with { Path = kept.Tree }, order, record.Files, record.Made, cancel);
            if (made is not null) pool.Mark(kept, tree => tree with { Made = made.Sha });
            return (made, record.Checkpoint);
        }
        finally
        {
            kept.Turn.Release();
        }
    }

    /// <summary>The task knows of the snapshot; at the remote it may not be yet.</summary>
    public void Told(string taskId, string sha) => Mark(taskId, tree => tree.Made == sha ? tree with { Checkpoint = sha } : tree);

    /// <summary>The snapshot is at the task's own ref.</summary>
    /// <param name="files">Its tree; null where it is a commit, whose changes aren't uncommitted in the tree.</param>
    /// <param name="ended">Nobody works in the tree any more: all of it is safe.</param>
    public void Saved(string taskId, string? files, bool ended) => Mark(taskId, tree => tree with { Files = files ?? tree.Files, Unsaved = tree.Unsaved && !ended });

    /// <summary>Returns the task's tree to the pool; it stays the task's first choice until another needs it.</summary>
    public void Release(string taskId) => pool.Release(task => task == taskId);

    /// <summary>Folders that nobody gets any more, since their record is torn.</summary>
    public IReadOnlyList<string> Torn() => pool.Torn();

    /// <summary>Every kept tree: whose it is or was, whether a run holds it, and whether the mirror that it borrows from is gone.</summary>
    public IReadOnlyList<(string Folder, string TaskId, bool Held, bool MirrorGone)> Trees() =>
        [.. pool.All().Select(tree => (tree.Folder, tree.Record.TaskId, tree.Record.Held, tree.Record.Ready is { } ready && !Directory.Exists(ready.Mirror)))];

    /// <summary>The task's tree is laid out anew when it is used next.</summary>
    public void Unready(string taskId) => pool.Unready(taskId);

    /// <summary>After a restart: returns the trees of all tasks but those with a run still under way.</summary>
    public void ReleaseAllBut(IReadOnlySet<string> taskIds) => pool.Release(task => !taskIds.Contains(task));

    /// <summary>Removes free trees, the longest unused first, until all of them fit.</summary>
    public void EnforceLimit(long maxBytes)
    {
        pool.Remove((bytes, _) => bytes <= maxBytes);
        if (pool.Bytes > maxBytes && pool.Kept is { Count: > 0 } kept) LogKept(kept.Count, pool.Bytes >> 20, string.Join(", ", kept.Take(10)));
    }

    /// <summary>The mirrors that trees borrow from.</summary>
    public IReadOnlySet<string> MirrorsInUse => pool.Mirrors;

    /// <summary>Removes free trees that nobody has used for so long.</summary>
    public void RemoveUnused(TimeSpan retainFor)
    {
        var oldest = time.GetUtcNow() - retainFor;
        pool.Remove((_, usedAt) => usedAt >= oldest);
    }

    /// <summary>Removes the task's tree with the work in it, for a task that is gone; false while somebody is at it.</summary>
    public bool Remove(string taskId) => pool.Remove(taskId);

    private void Mark(string taskId, Func<TreeRecord, TreeRecord> change)
    {
        if (pool.LastOf(taskId) is { } kept) pool.Mark(kept, tree => tree.TaskId == taskId ? change(tree) : tree);
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
        catch (GitException large) when (large.ExitCode == GitException.TooLarge)
        {
            Wipe(kept);
            throw;
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
        OddFiles.Remove(kept.Tree); // git reads them, and cleans them away never
        var tree = new GitRepository(git, Path.Combine(kept.Tree, ".git"), kept.Tree);
        await git.Run(tree.Command(["reset", "--quiet", "--hard"]) with { Fills = kept.Tree }, cancel);
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "The workspaces take {Megabytes} MiB, more than they may; {Count} of them hold work that is nowhere else and stay until it could be pushed: tasks {Tasks}")]
    private partial void LogKept(int count, long megabytes, string tasks);

    [LoggerMessage(Level = LogLevel.Information, Message = "The kept tree {Tree} could not be refreshed and is checked out anew")]
    private partial void LogAnew(Exception trouble, string tree);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The record tree.json in {Folder} can't be read, so whose work lies there isn't known and nobody uses it: look at it and remove the folder")]
    private static partial void LogTorn(ILogger log, string folder);
}
