namespace Ampx.Silo.Git;

/// <summary>Names that people give, checked before git sees them.</summary>
internal static class RefName
{
    /// <summary>git's own rules for a branch (git-check-ref-format), and never one that starts like an option.</summary>
    public static bool IsBranch(string name) =>
        name.Length is > 0 and < 240
        && name[0] != '-' && name != "@"
        && !name.Any(c => char.IsControl(c) || " ~^:?*[\\".Contains(c, StringComparison.Ordinal))
        && !name.Contains("..", StringComparison.Ordinal) && !name.Contains("@{", StringComparison.Ordinal)
        && !name.EndsWith('.')
        && name.Split('/').All(part => part.Length > 0 && part[0] != '.' && !part.EndsWith(".lock", StringComparison.Ordinal));

    /// <summary>A file inside a tree: an index that somebody else wrote may name any, and git reads them.</summary>
    public static bool IsPath(string path) => path.Split('/').All(part => part is not ("" or "." or "..") && !part.Equals(".git", StringComparison.OrdinalIgnoreCase));

    public static bool IsSha(string? sha) => sha is { Length: 40 or 64 } && sha.All(char.IsAsciiHexDigitLower);

    public static string Branch(string name) =>
        IsBranch(name) ? "refs/heads/" + name : throw new ArgumentException($"'{name}' is not a name for a branch.", nameof(name));

    /// <summary>Where the mirror keeps a task's commit, and where its checkpoint is at the remote.</summary>
    public static string OfTask(string taskId) => "refs/ampx/" + Id(taskId);

    /// <summary>Where the mirror keeps a task's last snapshot, made here or fetched.</summary>
    public static string OfCheckpoint(string taskId) => OfTask(taskId) + "-checkpoint";

    /// <summary>The task that a ref of the mirror's below <c>refs/ampx/</c> is kept for.</summary>
    public static string TaskOf(string reference) => reference["refs/ampx/".Length..].Split('-')[0];

    public static string Id(string id) =>
        id.Length is > 0 and <= 64 && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') && id[0] != '-'
            ? id
            : throw new ArgumentException($"'{id}' is not an id.", nameof(id));

    public static string Sha(string sha) => IsSha(sha) ? sha : throw new ArgumentException($"'{sha}' is not a commit's full name.", nameof(sha));
}
