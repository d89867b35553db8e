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

        if (!(await Try(path, ["rev-parse", "--git-dir"], cancel)).Ok) return RemoteException.Invalid($"{path} is not a git repository.");
        if (branch is not null) return await Commit(path, branch, cancel) is null ? RemoteException.NoBranch(branch, remote) : null;
        return await Commit(path, null, cancel) is null ? RemoteException.Empty(remote) : null;
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
