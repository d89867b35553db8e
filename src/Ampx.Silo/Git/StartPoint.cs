namespace Ampx.Silo.Git;

/// <summary>Where a run starts, worked out of the mirror.</summary>
/// <param name="Checkout">What is checked out: <paramref name="StartSha"/>, or the refused commit whose changes are kept.</param>
internal sealed record StartPoint(string Base, string BaseSha, string StartSha, string? RemoteSha, string Checkout)
{
    /// <summary>The branch's tip at the remote if it has one (somebody else's commit included), else our commit that only the mirror has, else
    /// the base. Our own unpushed commit on top of the tip we knew goes before that tip: a checkpoint isn't lost.</summary>
    /// <exception cref="RemoteException">With <c>branch_not_found</c>.</exception>
    public static async Task<StartPoint> Of(WorkspaceRequest request, Mirror mirror, GitRepository repository, CancellationToken cancel)
    {
        var name = request.Base ?? mirror.DefaultBranch ?? throw RemoteException.NoBranch("HEAD", request.Remote);
        if (!mirror.Heads.TryGetValue(name, out var baseSha)) throw RemoteException.NoBranch(name, request.Remote);
        var tip = mirror.Heads.GetValueOrDefault(request.Branch);

        if (tip == request.RemoteSha && request.RejectedSha is { } rejected && await repository.Has(rejected, cancel))
        {
            // Without a pushed commit the refused one's own fork point: the base may have moved on since.
            var parent = tip ?? await repository.MergeBase(baseSha, rejected, cancel) ?? baseSha;
            return new StartPoint(name, baseSha, parent, tip, rejected);
        }

        var start = tip ?? baseSha;
        if (request.HeadSha is { } head && head != tip && await repository.Has(head, cancel)
            && (tip is null || (tip == request.RemoteSha && await repository.IsAncestor(tip, head, cancel))))
            start = head;
        return new StartPoint(name, baseSha, start, tip, start);
    }
}
