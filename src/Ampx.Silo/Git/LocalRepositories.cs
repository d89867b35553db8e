namespace Ampx.Silo.Git;

/// <summary>Looks into repositories on this machine where they lie, before a task takes them on.</summary>
public sealed class LocalRepositories(GitRunner git)
{
    /// <summary>Why no task can work there: <c>invalid_repo</c>, <c>empty_repo</c> or <c>branch_not_found</c>; null if one can.</summary>
    public async Task<RemoteException?> Problem(string path, string? branch, CancellationToken cancel)
    {
        var remote = new GitRemote(path);
        try
        {
            remote.Checked();
        }
        catch (RemoteException invalid)
        {
            return invalid;
        }

        var inside = await Try(path, ["rev-parse", "--git-dir"], cancel);
        if (inside.Errors.Contains("dubious ownership", StringComparison.Ordinal))
            return RemoteException.Invalid($"{path} belongs to another user, so git won't work in it: run 'git config --global --add safe.directory {path}' as the service's user");
        if (!inside.Ok) return RemoteException.Invalid($"{path} is not a git repository");
        // git looks in the folders above too; who fetches from here wouldn't find it.
        if (!await IsItself(path, cancel)) return RemoteException.Invalid($"{path} is a folder inside a git repository: give the repository's own folder");
        if (await Commit(path, branch, cancel) is not null) return null;
        if (branch is not null) return RemoteException.NoBranch(branch, remote);
        if ((await Try(path, ["for-each-ref", "--count=1", "refs/heads/"], cancel)).Output.Trim().Length == 0) return RemoteException.Empty(remote);
        var head = (await Try(path, ["symbolic-ref", "--short", "--quiet", "HEAD"], cancel)).Output.Trim();
        return new RemoteException("branch_not_found", $"{path} has '{head}' for its default branch, which doesn't exist: name the branch to start from (--base)");
    }

    private async Task<bool> IsItself(string path, CancellationToken cancel)
    {
        foreach (var folder in (string[])[Path.Combine(path, ".git"), path])
            if ((await Try(path, ["rev-parse", "--resolve-git-dir", folder], cancel)).Ok) return true;
        return false;
    }

    /// <summary>A file at the tip of a branch, or of HEAD; null if there is none.</summary>
    public async Task<string?> ReadFile(string path, string? branch, string file, CancellationToken cancel)
    {
        if (await Commit(path, branch, cancel) is not { } sha) return null;
        var answer = await Try(path, ["cat-file", "blob", $"{sha}:{file}"], cancel);
        return answer.Ok ? answer.Output : null;
    }

    private async Task<string?> Commit(string path, string? branch, CancellationToken cancel)
    {
        var answer = await Try(path, ["rev-parse", "--verify", "--quiet", "--end-of-options", $"{(branch is null ? "HEAD" : RefName.Branch(branch))}^{{commit}}"], cancel);
        return answer.Ok ? answer.Output.Trim() : null;
    }

    private Task<GitResult> Try(string path, string[] arguments, CancellationToken cancel) => git.Try(new GitCommand(arguments) { Folder = path }, cancel);
}
