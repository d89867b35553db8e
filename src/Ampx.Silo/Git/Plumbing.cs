namespace Ampx.Silo.Git;

/// <summary>A name, an address and a time as git writes them (<c>@seconds zone</c>).</summary>
internal sealed record Signature(string Name, string Email, string Date)
{
    /// <summary>git refuses names with nothing left after its own clean-up.</summary>
    public string SafeName => Name.Any(char.IsLetterOrDigit) ? Clean(Name) : "ampx";

    public string SafeEmail => Clean(Email);

    public static Signature Of(string name, string email, TimeProvider time) => new(name, email, $"@{time.GetUtcNow().ToUnixTimeSeconds()} +0000");

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

    /// <summary>A commit again with more trailers; its files, parents, message, author and date stay.</summary>
    public static async Task<string> Amend(
        GitRepository repository, string commit, IEnumerable<(string Key, string Value)> trailers, Signature committer, CancellationToken cancel)
    {
        var original = (await repository.Run(["log", "-1", "--format=%T%x00%P%x00%an%x00%ae%x00%ad%x00%B", "--date=raw", commit], cancel)).Output.Split('\0', 6);
        var arguments = trailers.SelectMany(t => (string[])["--trailer", $"{t.Key}: {t.Value}"]);
        var add = repository.Command(["interpret-trailers", "--no-divider", "--if-exists", "addIfDifferent", .. arguments]);
        var message = (await repository.Git.Run(add with { Input = original[5].TrimEnd() + "\n" }, cancel)).Output;
        return await CommitTree(
            repository, original[0], original[1].Split(' ', StringSplitOptions.RemoveEmptyEntries), message,
            new Signature(original[2], original[3], "@" + original[4]), committer, cancel);
    }
}
