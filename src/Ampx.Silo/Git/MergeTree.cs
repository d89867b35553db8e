using Ampx.Core.Tasks;

namespace Ampx.Silo.Git;

/// <summary>A temporary tree in which a merge is made; it borrows the mirror's objects and leaves the result there.</summary>
internal sealed class MergeTree(GitRunner git, TimeProvider time, string mirror, string folder)
{
    private readonly GitRepository tree = new(git, Path.Combine(folder, ".git"), folder);

    /// <summary>The new tip of the base, or the files in conflict.</summary>
    public async Task<(string? Sha, IReadOnlyList<string>? Conflicts)> Make(LocalMergeOrder order, string baseSha, CancellationToken cancel)
    {
        if (order.Method == MergeMethod.Rebase && await tree.Git.Try(InMirror(["merge-base", "--is-ancestor", baseSha, order.Sha]), cancel) is { Ok: true })
            return (order.Sha, null);
        PrivateGit.Rebuild(folder, new PrivateGitPlan(mirror, null, order.Method == MergeMethod.Rebase ? order.Sha : baseSha));
        await tree.Run(["reset", "--quiet", "--hard"], cancel);

        var answer = await tree.Git.Try(tree.Command(Arguments(order, baseSha)) with { Environment = Identity(order) }, cancel);
        if (!answer.Ok)
        {
            var files = (await tree.Run(["diff", "--name-only", "--diff-filter=U", "-z"], cancel)).Entries;
            if (files.Count > 0) return (null, files);
            throw GitRunner.Failure(tree.Command(Arguments(order, baseSha)), answer.ExitCode, answer.Errors + answer.Output);
        }

        var merged = (await tree.Run(["write-tree"], cancel)).Value;
        if (merged == await tree.Resolve(baseSha + "^{tree}", cancel)) return (baseSha, null); // the base has all of it already
        var sha = order.Method == MergeMethod.Rebase
            ? await Named(order, cancel)
            : await Commit(order, merged, order.Method == MergeMethod.Squash ? [baseSha] : [baseSha, order.Sha], cancel);
        await tree.Run(["push", "--quiet", "--no-verify", "--", mirror, $"+{sha}:{RefName.OfTask(order.TaskId)}-merge"], cancel);
        return (sha, null);
    }

    private static string[] Arguments(LocalMergeOrder order, string baseSha) => order.Method switch
    {
        MergeMethod.Squash => ["merge", "--squash", "--no-commit", "--no-autostash", "--no-stat", order.Sha],
        MergeMethod.Merge => ["merge", "--no-ff", "--no-commit", "--no-autostash", "--no-stat", order.Sha],
        _ => ["-c", "rebase.autoSquash=false", "-c", "rebase.missingCommitsCheck=ignore", "rebase", "--quiet", "--no-autostash", "--no-fork-point", baseSha],
    };

    private async Task<string> Commit(LocalMergeOrder order, string files, IEnumerable<string> parents, CancellationToken cancel)
    {
        var subject = CommitMessage.Subject(order.Subject, $"Task {order.TaskId}");
        var message = CommitMessage.With(subject, (CommitMessage.Task, order.TaskId), (CommitMessage.Head, order.Sha));
        return await Plumbing.CommitTree(tree, files, parents, message, Now(order), Now(order), cancel);
    }

    /// <summary>The last rebased commit again, with the trailer by which a repeated call finds it.</summary>
    private async Task<string> Named(LocalMergeOrder order, CancellationToken cancel) =>
        await Plumbing.Amend(tree, "HEAD", [(CommitMessage.Head, order.Sha)], Now(order), cancel);

    private Signature Now(LocalMergeOrder order) => Signature.Of(order.AuthorName, order.AuthorEmail, time);

    private Dictionary<string, string> Identity(LocalMergeOrder order) => new()
    {
        ["GIT_COMMITTER_NAME"] = Now(order).SafeName,
        ["GIT_COMMITTER_EMAIL"] = Now(order).SafeEmail,
        ["GIT_AUTHOR_NAME"] = Now(order).SafeName,
        ["GIT_AUTHOR_EMAIL"] = Now(order).SafeEmail,
    };

    private GitCommand InMirror(IReadOnlyList<string> arguments) => new(arguments) { GitDir = mirror };
}
