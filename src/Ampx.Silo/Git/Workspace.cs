namespace Ampx.Silo.Git;

/// <summary>Whose tree, of which repository, at which commit.</summary>
/// <param name="RepoKey">The repository's one name, however it was spelled; trees are shared within owner and key only.</param>
/// <param name="Branch">The task's branch.</param>
/// <param name="Base">The branch that the work starts from; null = the remote's default branch.</param>
/// <param name="HeadSha">Our last known commit, pushed or only in the mirror.</param>
/// <param name="RemoteSha">What the task's branch is at the remote as far as we know; null = it must not exist.</param>
/// <param name="RejectedSha">A commit that the server refused for its content: its changes are laid out uncommitted.</param>
/// <param name="Checkpoint">The last commit made for the task's own ref: its changes, too, are laid out uncommitted. Null = there is none.</param>
public sealed record WorkspaceRequest(
    string TaskId, string Owner, string RepoKey, GitRemote Remote, string Branch, string? Base,
    string? HeadSha = null, string? RemoteSha = null, string? RejectedSha = null, string? Checkpoint = null);

/// <summary>A tree ready to work in.</summary>
/// <param name="Path">The working tree, with a private <c>.git</c>.</param>
/// <param name="Base">The branch that the work merges into.</param>
/// <param name="BaseSha">Its tip when the tree was made ready.</param>
/// <param name="StartSha">The commit that the work starts from.</param>
/// <param name="RemoteSha">The tip of the task's branch at the remote, or null.</param>
/// <param name="Branch">The task's branch.</param>
/// <param name="Mirror">The folder whose objects the tree borrows: read-only for an agent.</param>
/// <param name="Origin">The remote's address, without secrets; null for a repository on this machine.</param>
/// <param name="Restored">Work of an earlier run lies in it, not yet committed.</param>
public sealed record Workspace(
    string Path, string Base, string BaseSha, string StartSha, string? RemoteSha, string Branch, string Mirror, string? Origin, bool Restored = false);
