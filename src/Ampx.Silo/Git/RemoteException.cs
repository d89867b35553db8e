namespace Ampx.Silo.Git;

/// <summary>A remote that can't be worked with; <see cref="Code"/> is one of the contract's error codes.</summary>
[GenerateSerializer, Alias("ampx.remote-exception.v1")]
public sealed class RemoteException(string code, string detail, bool passing = false) : Exception(detail)
{
    /// <summary><c>invalid_repo</c>, <c>clone_failed</c>, <c>branch_not_found</c> or <c>empty_repo</c>.</summary>
    [Id(0)]
    public string Code { get; } = code;

    /// <summary>True where another try may mend it, as with a network that is down.</summary>
    [Id(1)]
    public bool Passing { get; } = passing;

    internal static RemoteException Invalid(string detail) => new("invalid_repo", detail);

    internal static RemoteException NoBranch(string branch, GitRemote remote) =>
        new("branch_not_found", $"There is no branch '{branch}' in {remote}.");

    internal static RemoteException Empty(GitRemote remote) => new("empty_repo", $"{remote} has no commits yet.");

    /// <summary>What a failed fetch says about the remote.</summary>
    internal static RemoteException From(GitException failure, GitRemote remote)
    {
        var words = failure.Errors.Length > 0 ? failure.Errors : failure.Message;
        // With a token of ours the next try asks the forge with a fresh one, which knows better why.
        if (remote.Login is not null) return new RemoteException("clone_failed", $"{remote}: {words}", failure.Passing);
        if (IsClosed(words)) return Invalid($"{remote} can't be read: there is no such repository, or the service's user has no access to it (over ssh by a key, over https by git's credential helper): {words}");
        var nothing = IsNoRepository(words) || (remote.LocalPath is not null && words.Contains("does not exist", StringComparison.Ordinal));
        return nothing
            ? Invalid($"{remote} is not a git repository that can be read: {words}")
            : new RemoteException("clone_failed", $"{remote}: {words}", failure.Passing);
    }

    /// <summary>Hosts answer so for what isn't there, too.</summary>
    private static bool IsClosed(string words) =>
        words.Contains("could not read Username", StringComparison.Ordinal)
        || words.Contains("Authentication failed", StringComparison.Ordinal)
        || words.Contains("Permission denied (", StringComparison.Ordinal)
        || words.Contains("Host key verification failed", StringComparison.Ordinal);

    private static bool IsNoRepository(string words) =>
        words.Contains("does not appear to be a git repository", StringComparison.Ordinal)
        || words.Contains("not a git repository", StringComparison.Ordinal)
        || words.Contains("dubious ownership", StringComparison.Ordinal)
        || (words.Contains("repository '", StringComparison.Ordinal) && words.Contains("' not found", StringComparison.Ordinal)) // http
        || words.Contains("Repository not found", StringComparison.OrdinalIgnoreCase); // ssh hosts, in their own words
}
