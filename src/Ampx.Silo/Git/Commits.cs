namespace Ampx.Silo.Git;

/// <summary>What a run's commit says.</summary>
/// <param name="Subject">The instruction; its first line becomes the subject.</param>
public sealed record CommitOrder(string Subject, string TaskId, string RunId, string AuthorName, string AuthorEmail);

/// <summary>The commit with all that the run changed, in the tree and in the mirror; null = nothing was changed.</summary>
public sealed record CommitResult(string? Sha);

/// <summary>Turns what an agent left in its tree into one tip that carries our trailers. Built on plumbing (write-tree, commit-tree), so that no hook,
/// editor, signature or message clean-up comes between. Whatever state the agent left (another branch, a merge half done, no <c>.git</c> at all),
/// the files as they lie there become the commit.</summary>
public sealed class Commits(GitRunner git, TimeProvider time)
{
    private const int MostHeads = 64;

    /// <summary>Safe to repeat: a tip that carries this run's trailer, with nothing changed since, is given again.</summary>
    /// <exception cref="GitException">git failed on this machine.</exception>
    public async Task<CommitResult> Commit(Workspace workspace, CommitOrder order, CancellationToken cancel = default)
    {
        RefName.Id(order.TaskId);
        RefName.Id(order.RunId);
        var tree = new GitRepository(git, Path.Combine(workspace.Path, ".git"), workspace.Path);
        OddFiles.Remove(workspace.Path);
        try
        {
            return await From(await Open(tree, workspace, cancel), tree, workspace, order, cancel);
        }
        catch (GitException damaged) when (damaged.ExitCode != GitException.TimedOut)
        {
            // What the agent has done to its repository isn't worth to be understood: its files are what counts.
            await OpenAnew(tree, workspace, cancel);
            return await From(workspace.StartSha, tree, workspace, order, cancel);
        }
    }

    private async Task<CommitResult> From(string head, GitRepository tree, Workspace workspace, CommitOrder order, CancellationToken cancel)
    {
        await StageAll(tree, cancel);
        var files = (await tree.Run(["write-tree"], cancel)).Value;

        var ours = head == workspace.StartSha || await tree.IsAncestor(workspace.StartSha, head, cancel);
        var parent = ours ? head : workspace.StartSha; // a history of its own would throw away commits that are already at the remote
        var merged = ours ? await MergeHeads(tree, workspace, parent, cancel) : [];
        var changed = merged.Count > 0 || files != await tree.Resolve(parent + "^{tree}", cancel);

        string sha;
        if (changed) sha = await New(tree, files, [parent, .. merged], order, cancel);
        else if (parent == workspace.StartSha) return new CommitResult(null);
        else if ((await tree.Trailers(parent, CommitMessage.Run, cancel)).Contains(order.RunId)) sha = parent;
        else if (await tree.IsAncestor(parent, workspace.BaseSha, cancel))
            sha = await New(tree, files, [parent], order, cancel); // the base's own commit, fast-forwarded to
        else sha = await Plumbing.Amend(tree, parent, Trailers(order), Now(order), cancel); // the agent's own commit

        await Publish(tree, workspace, sha, order.TaskId, cancel);
        return new CommitResult(sha);
    }

    /// <summary>Makes the repository safe and finds where HEAD is; the start commit where there is nothing to find.</summary>
    private static async Task<string> Open(GitRepository tree, Workspace workspace, CancellationToken cancel)
    {
        if (PrivateGit.Harden(workspace.Path, workspace.Mirror, workspace.Origin))
        {
            if (await tree.Try(["ls-files", "-z"], cancel) is not { Ok: true } listed || !listed.Entries.All(RefName.IsPath))
                DiskFolder.Delete(Path.Combine(workspace.Path, ".git", "index")); // unreadable, or names files outside; add -A writes it anew
            if (await tree.Resolve("HEAD^{commit}", cancel) is { } head) return head;
            if ((await tree.Try(["update-ref", "--no-deref", "HEAD", workspace.StartSha], cancel)).Ok) return workspace.StartSha; // an orphan branch
        }

        await OpenAnew(tree, workspace, cancel);
        return workspace.StartSha;
    }

    private static async Task OpenAnew(GitRepository tree, Workspace workspace, CancellationToken cancel)
    {
        PrivateGit.Rebuild(workspace.Path, new PrivateGitPlan(workspace.Mirror, workspace.Branch, workspace.StartSha, Origin: workspace.Origin));
        await tree.Run(["read-tree", workspace.StartSha], cancel);
    }

    /// <summary>Stages every file that isn't ignored. Repositories inside the tree stay out: git would run in them, with their own settings; only
    /// the commit of one that is already recorded as a submodule is taken over.</summary>
    internal static async Task StageAll(GitRepository tree, CancellationToken cancel)
    {
        var recorded = (await tree.Run(["ls-files", "--stage", "-z"], cancel)).Entries
            .Where(e => e.StartsWith("160000 ", StringComparison.Ordinal))
            .Select(e => e[(e.IndexOf('\t', StringComparison.Ordinal) + 1)..])
            .Distinct().ToList();
        var untracked = (await tree.Run(["ls-files", "--others", "--exclude-standard", "-z"], cancel)).Entries
            .Where(e => e.EndsWith('/'))
            .Select(e => e.TrimEnd('/'));
        var wanted = ":(top)\0" + string.Concat(recorded.Concat(untracked).Select(path => $":(top,exclude,literal){path}\0"));
        var add = tree.Command(["add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul"]);
        await tree.Git.Run(add with { Input = wanted }, cancel);
        if (recorded.Count == 0) return;
        var move = tree.Command(["update-index", "--add", "--remove", "-z", "--stdin"]);
        await tree.Git.Run(move with { Input = string.Concat(recorded.Select(p => p + "\0")) }, cancel);
    }

    /// <summary>The other sides of a merge that the agent began and didn't commit.</summary>
    private static async Task<List<string>> MergeHeads(GitRepository tree, Workspace workspace, string parent, CancellationToken cancel)
    {
        var file = Path.Combine(workspace.Path, ".git", "MERGE_HEAD");
        var heads = new List<string>();
        if (OddFiles.ReadText(file, MostHeads * 65) is not { } text) return heads;
        foreach (var sha in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Take(MostHeads))
            if (await tree.Has(sha, cancel) && !await tree.IsAncestor(sha, parent, cancel)) heads.Add(sha);
        return heads;
    }

    private async Task<string> New(GitRepository tree, string files, IEnumerable<string> parents, CommitOrder order, CancellationToken cancel)
    {
        var message = CommitMessage.With(CommitMessage.Subject(order.Subject, $"Task {order.TaskId}"), Trailers(order));
        return await Plumbing.CommitTree(tree, files, parents, message, Now(order), Now(order), cancel);
    }

    private static (string Key, string Value)[] Trailers(CommitOrder order) => [(CommitMessage.Task, order.TaskId), (CommitMessage.Run, order.RunId)];

    private Signature Now(CommitOrder order) => Signature.Of(order.AuthorName, order.AuthorEmail, time);

    private static async Task Publish(GitRepository tree, Workspace workspace, string sha, string taskId, CancellationToken cancel)
    {
        // First where it outlives the tree, then here.
        await tree.Run(["push", "--quiet", "--no-verify", "--", workspace.Mirror, $"+{sha}:{RefName.OfTask(taskId)}"], cancel);
        PrivateGit.EndOperations(workspace.Path);
        var branch = RefName.Branch(workspace.Branch);
        if ((await tree.Try(["update-ref", branch, sha], cancel)).Ok) await tree.Run(["symbolic-ref", "HEAD", branch], cancel);
        else await tree.Run(["update-ref", "--no-deref", "HEAD", sha], cancel); // the agent has a branch in the way, such as 'amp'
    }
}
