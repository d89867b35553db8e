using System.Collections.Concurrent;
using Ampx.Core.Tasks;

namespace Ampx.Silo.Git;


/// <summary>A task's branch to be merged in a plain git repository, exactly as it was judged.</summary>
/// <param name="Sha">What the branch's tip must be.</param>
/// <param name="Subject">The subject of the commit in the base.</param>
public sealed record LocalMergeOrder(
    GitRemote Remote, string Branch, string Base, string Sha, MergeMethod Method, string Subject, string TaskId, string AuthorName, string AuthorEmail,
    bool DeleteBranch = false);

/// <summary>How a merge went.</summary>
public abstract record LocalMergeOutcome
{
    private LocalMergeOutcome()
    {
    }

    /// <param name="Sha">The commit in the base that brought the change.</param>
    public sealed record Merged(string Sha, bool BranchDeleted) : LocalMergeOutcome;

    /// <summary>The branch is at another commit; null = it is gone.</summary>
    public sealed record Moved(string? Sha) : LocalMergeOutcome;

    public sealed record Conflict(IReadOnlyList<string> Files) : LocalMergeOutcome;

    /// <summary>Not possible as things are there, in words for people.</summary>
    public sealed record Refused(string Detail) : LocalMergeOutcome;
}

/// <summary>Merges in a repository on this machine, what a forge would do elsewhere. The result is made in a temporary tree and arrives at the
/// base branch in one step.</summary>
public sealed class LocalMerge(Mirrors mirrors, Pushes pushes, GitRunner git, GitFolders folders, TimeProvider time)
{
    private const int Tries = 3;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> turns = new();

    /// <summary>Safe to repeat: a commit that is merged already is found and named again.</summary>
    /// <exception cref="RemoteException">The repository or its base branch is missing.</exception>
    public async Task<LocalMergeOutcome> Merge(LocalMergeOrder order, CancellationToken cancel = default)
    {
        RefName.Branch(order.Branch);
        RefName.Sha(order.Sha);
        RefName.Id(order.TaskId);
        var path = order.Remote.Checked().LocalPath ?? throw new ArgumentException($"{order.Remote} is not on this machine.", nameof(order));
        var turn = turns.GetOrAdd(path, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancel);
        try
        {
            var moved = "";
            for (var attempt = 0; attempt < Tries; attempt++)
            {
                var (outcome, words) = await Once(order, path, cancel);
                if (outcome is not null) return outcome;
                moved = words;
            }

            return new LocalMergeOutcome.Refused($"'{order.Base}' keeps moving in {path}: {moved}");
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>No outcome = the base moved meanwhile.</summary>
    private async Task<(LocalMergeOutcome? Outcome, string Words)> Once(LocalMergeOrder order, string path, CancellationToken cancel)
    {
        var mirror = await mirrors.Fetch(order.Remote, cancel);
        var repository = mirrors.Repository(order.Remote);
        if (!mirror.Heads.TryGetValue(order.Base, out var baseSha)) throw RemoteException.NoBranch(order.Base, order.Remote);
        var tip = mirror.Heads.GetValueOrDefault(order.Branch);
        if (await AlreadyMerged(repository, order.Sha, baseSha, cancel) is { } earlier) return (await Done(order, tip, earlier, cancel), "");
        if (tip != order.Sha) return (new LocalMergeOutcome.Moved(tip), "");

        var trees = await LocalCheckouts.Of(git, path, order.Base, cancel);
        if (trees.FirstOrDefault(t => t.Dirty) is { } dirty)
        {
            var words = $"'{order.Base}' is checked out in {dirty.Path} with uncommitted changes: commit or stash them, then merge again.";
            return (new LocalMergeOutcome.Refused(words), "");
        }

        var folder = folders.NewTemporary();
        try
        {
            var made = await new MergeTree(git, time, mirror.Path, Path.Combine(folder, "tree")).Make(order, baseSha, cancel);
            if (made.Conflicts is { } files) return (new LocalMergeOutcome.Conflict(files), "");
            var (arrived, raced, words) = await Arrive(order, path, trees, baseSha, made.Sha!, cancel);
            if (raced) return (null, words);
            return (arrived ? await Done(order, tip, made.Sha!, cancel) : new LocalMergeOutcome.Refused(words), "");
        }
        finally
        {
            DiskFolder.Delete(folder);
        }
    }

    /// <summary>The base's commit that brought this one in: named by its trailer, or the commit itself.</summary>
    internal static async Task<string?> AlreadyMerged(GitRepository repository, string sha, string baseSha, CancellationToken cancel)
    {
        if (!await repository.Has(sha, cancel)) return null;
        var range = await repository.MergeBase(baseSha, sha, cancel) is { } fork ? $"{fork}..{baseSha}" : baseSha;
        var named = await repository.Run(["log", "--format=%H", "--fixed-strings", $"--grep={CommitMessage.Head}: {sha}", range, "--"], cancel);
        foreach (var candidate in named.Lines)
            if ((await repository.Trailers(candidate, CommitMessage.Head, cancel)).Contains(sha)) return candidate;
        return await repository.IsAncestor(sha, baseSha, cancel) ? sha : null;
    }

    /// <summary>Moves the base: through the working tree where it is checked out, so that the files follow, else by a push.</summary>
    private async Task<(bool Arrived, bool Raced, string Words)> Arrive(
        LocalMergeOrder order, string path, IReadOnlyList<LocalCheckout> trees, string baseSha, string sha, CancellationToken cancel)
    {
        if (sha == baseSha) return (true, false, "");
        var kept = RefName.OfTask(order.TaskId) + "-merge";
        var mirror = mirrors.PathOf(order.Remote);
        await mirrors.Repository(order.Remote).Run(["update-ref", kept, sha], cancel);
        if (trees.Count == 0)
        {
            var outcome = await pushes.Push(order.Remote, order.Base, sha, baseSha, order.TaskId, cancel);
            return outcome switch
            {
                PushOutcome.Pushed or PushOutcome.AlreadyThere => (true, false, ""),
                PushOutcome.Moved or PushOutcome.AdoptOwn => (false, true, "another commit arrived first"),
                PushOutcome.Refused refused => (false, false, refused.Detail),
                PushOutcome.Failed failed => (false, false, failed.Detail),
                _ => (false, false, "the merged commit was lost"),
            };
        }

        var tree = trees[0].Path;
        await git.Run(
            new GitCommand("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules", "--", mirror, kept)
            {
                Folder = tree,
            },
            cancel);
        var head = await git.Run(new GitCommand("rev-parse", "HEAD") { Folder = tree }, cancel);
        if (head.Value != baseSha) return (false, true, "another commit arrived first");
        var follow = new GitCommand("merge", "--quiet", "--ff-only", "--no-autostash", "--no-verify-signatures", sha) { Folder = tree };
        var followed = await git.Try(follow, cancel);
        return (followed.Ok, false, $"'{order.Base}' is checked out in {tree} and can't follow: {GitRunner.LastLines(followed.Errors)}");
    }

    private async Task<LocalMergeOutcome> Done(LocalMergeOrder order, string? tip, string sha, CancellationToken cancel)
    {
        var deleted = order.DeleteBranch && (tip is null || (tip == order.Sha && await pushes.Delete(order.Remote, order.Branch, order.Sha, cancel)));
        return new LocalMergeOutcome.Merged(sha, deleted);
    }
}
