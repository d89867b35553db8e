namespace Ampx.Silo.Git;

/// <summary>A name, an address and a time as git writes them (<c>@seconds zone</c>).</summary>
internal sealed record Signature(string Name, string Email, string Date)
{
    /// <summary>git refuses names with nothing left after its own clean-up.</summary>
    public string SafeName => Name.Any(char.IsLetterOrDigit) ? Clean(Name) : "ampx";

    public string SafeEmail => Clean(Email);

    private static string Clean(string text) => new([.. text.Where(c => !char.IsControl(c) && c is not '<' and not '>')]);
}

/// <summary>git's plumbing for commits.</summary>
internal static class Plumbing
{
    public static async Task<string> CommitTree(
        GitRepository repository, string files, IEnumerable<string> parents, string message, Signature author, Signature committer, CancellationToken cancel)
    {
        var command = repository.Command(["commit-tree", .. parents.SelectMany(p => (string[])["-p", p]), files]) with
        {
            Input = message.Replace("\0", "", StringComparison.Ordinal),
            Environment = new Dictionary<string, string>
            {
                ["GIT_AUTHOR_NAME"] = author.SafeName,
                ["GIT_AUTHOR_EMAIL"] = author.SafeEmail,
                ["GIT_AUTHOR_DATE"] = author.Date,
                ["GIT_COMMITTER_NAME"] = committer.SafeName,
                ["GIT_COMMITTER_EMAIL"] = committer.SafeEmail,
                ["GIT_COMMITTER_DATE"] = committer.Date,
            },
        };
        return (await repository.Git.Run(command, cancel)).Value;
    }
}
