namespace Ampx.Silo.Git;

/// <summary>Unfinished work as a commit in the mirror.</summary>
/// <param name="Files">The name of its tree: the same where nothing has changed.</param>
public sealed record Snapshot(string Sha, string Files);

/// <summary>Takes a tree as it lies there, while an agent may be at work in it: with a repository of our own beside it, so that neither the agent's index,
/// HEAD or refs are touched nor anything that it wrote into its <c>.git</c> is obeyed.</summary>
public sealed class Snapshots(GitRunner git, TimeProvider time)
{
    /// <summary>A file may change, or go, while it is read.</summary>
    private const int Tries = 3;

    private const int LongestExclude = 1 << 20;

    /// <summary>The files that a commit would take, on top of the start commit whatever the agent has committed meanwhile: restored, they lie there uncommitted anyway.</summary>
    /// <param name="last">The tree of what is safe already; null = of the start commit.</param>
    /// <param name="made">A snapshot that may not be safe yet: given again if it still has all.</param>
    /// <returns>Null if nothing has changed since <paramref name="last"/>.</returns>
    /// <exception cref="GitException">git failed on this machine.</exception>
    public async Task<Snapshot?> Take(Workspace workspace, CommitOrder order, string? last, string? made = null, CancellationToken cancel = default)
    {
        var reference = RefName.OfCheckpoint(order.TaskId);
        RefName.Id(order.RunId);
        var beside = Path.GetDirectoryName(workspace.Path)!;
        var home = Path.Combine(beside, "snapshot"); // a crashed one's remains are replaced
        var repository = new GitRepository(git, Path.Combine(home, ".git"), workspace.Path);
        try
        {
            // An agent at work may put a link in a folder's place in the very moment in which that is read: there is nothing where it could lead.
            var view = new GitView([Path.Combine(workspace.Mirror, "objects"), workspace.Path], home);
            var files = await Files(repository with { View = view }, workspace, home, Path.Combine(beside, "index"), cancel);
            if (files == (last ?? await repository.Resolve(workspace.StartSha + "^{tree}", cancel))) return null;
            if (made is not null && files == await repository.Resolve(made + "^{tree}", cancel)) return new Snapshot(made, files);
            var message = CommitMessage.With(CommitMessage.Subject(order.Subject, $"Task {order.TaskId}"), (CommitMessage.Task, order.TaskId), (CommitMessage.Run, order.RunId));
            var now = Signature.Of(order.AuthorName, order.AuthorEmail, time);
            var sha = await Plumbing.CommitTree(repository, files, [workspace.StartSha], message, now, now, cancel);
            await repository.Run(["push", "--quiet", "--no-verify", "--", workspace.Mirror, $"+{sha}:{reference}"], cancel);
            return new Snapshot(sha, files);
        }
        finally
        {
            DiskFolder.Delete(home);
        }
    }

    private static async Task<string> Files(GitRepository repository, Workspace workspace, string home, string index, CancellationToken cancel)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                // Our own index from when the tree was made ready saves reading what hasn't changed since.
                PrivateGit.Rebuild(home, new PrivateGitPlan(workspace.Mirror, null, workspace.StartSha), index);
                if (!File.Exists(index)) await repository.Run(["read-tree", workspace.StartSha], cancel);
                CopyExclude(workspace.Path, repository.Folder);
                OddFiles.RemoveOpened(workspace.Path);
                await Commits.StageAll(repository, cancel);
                return (await repository.Run(["write-tree"], cancel)).Value;
            }
            catch (GitException) when (tries < Tries)
            {
                cancel.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>What the agent wants ignored in this checkout only stays out, as it does of a commit.</summary>
    private static void CopyExclude(string tree, string to)
    {
        var git = new DirectoryInfo(Path.Combine(tree, ".git"));
        var info = new DirectoryInfo(Path.Combine(git.FullName, "info"));
        if (git.LinkTarget is not null || info.LinkTarget is not null || new FileInfo(Path.Combine(info.FullName, "exclude")) is not { Exists: true, LinkTarget: null } exclude) return;
        if (OddFiles.ReadText(exclude.FullName, LongestExclude) is { } text) File.WriteAllText(Path.Combine(to, "info", "exclude"), text);
    }
}
