namespace Ampx.Silo.Git;

/// <summary>Where a run starts, worked out of the mirror.</summary>
/// <param name="Checkout">What is checked out: <paramref name="StartSha"/>, or a commit whose changes are kept: a refused one, or a checkpoint.</param>
/// <param name="Restored">The checkpoint that <paramref name="Checkout"/> has the changes of.</param>
internal sealed record StartPoint(string Base, string BaseSha, string StartSha, string? RemoteSha, string Checkout, string? Restored = null)
{
    /// <summary>The branch's tip at the remote if it has one (somebody else's commit included), else our commit that only the mirror has, else
    /// the base. Our own unpushed commit on top of the tip we knew goes before that tip.</summary>
    /// <param name="checkpoint">Where the last run's unfinished work is, if that is in the mirror.</param>
    /// <exception cref="RemoteException">With <c>branch_not_found</c>.</exception>
    public static async Task<StartPoint> Of(WorkspaceRequest request, Mirror mirror, GitRepository repository, string? checkpoint, CancellationToken cancel)
    {
        var name = request.Base ?? mirror.DefaultBranch ?? throw RemoteException.NoBranch("HEAD", request.Remote);
        if (!mirror.Heads.TryGetValue(name, out var baseSha)) throw RemoteException.NoBranch(name, request.Remote);
        var tip = mirror.Heads.GetValueOrDefault(request.Branch);

        if (checkpoint is not null && checkpoint != request.RejectedSha && await From(checkpoint, tip, request.RemoteSha, repository, baseSha, cancel) is var (parent, checkout))
            return new StartPoint(name, baseSha, parent, tip, checkout, checkpoint);

        if (tip == request.RemoteSha && request.RejectedSha is { } rejected && await repository.Has(rejected, cancel))
            return new StartPoint(name, baseSha, await Fork(rejected, tip, repository, baseSha, cancel), tip, rejected);

        var start = tip ?? baseSha;
        if (request.HeadSha is { } head && head != tip && await repository.Has(head, cancel)
            && (tip is null || (tip == request.RemoteSha && await repository.IsAncestor(tip, head, cancel))))
            start = head;
        return new StartPoint(name, baseSha, start, tip, start);
    }

    /// <summary>Without a pushed commit its own fork point: the base may have moved on since.</summary>
    private static async Task<string> Fork(string sha, string? tip, GitRepository repository, string baseSha, CancellationToken cancel) =>
        tip ?? await repository.MergeBase(baseSha, sha, cancel) ?? baseSha;

    /// <summary>Null where the checkpoint's work is in the branch, or doesn't go with what a person did there.</summary>
    private static async Task<(string Start, string Checkout)?> From(
        string checkpoint, string? tip, string? remoteSha, GitRepository repository, string baseSha, CancellationToken cancel)
    {
        var unmoved = tip == remoteSha;
        if (tip is null) return unmoved ? (await Fork(checkpoint, null, repository, baseSha, cancel), checkpoint) : null;
        if (await repository.IsAncestor(checkpoint, tip, cancel)) return null;
        if (await repository.IsAncestor(tip, checkpoint, cancel)) return unmoved ? (tip, checkpoint) : null; // a person went back

        // A person went on: theirs is where the run starts, with ours on top where that is no question. An old git, which can't, says so by its exit code.
        var merged = await repository.Try(["merge-tree", "--write-tree", "--no-messages", tip, checkpoint], cancel);
        if (!merged.Ok || merged.Value == await repository.Resolve(tip + "^{tree}", cancel)) return null;
        var nobody = new Signature("ampx", "ampx@localhost", "@0 +0000"); // seen by nobody: only its files are laid out
        return (tip, await Plumbing.CommitTree(repository, merged.Value, [tip], "Restored\n", nobody, nobody, cancel));
    }
}
