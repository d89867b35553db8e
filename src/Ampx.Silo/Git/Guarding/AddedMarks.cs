using System.Globalization;
using System.Text.RegularExpressions;

namespace Ampx.Silo.Git.Guarding;

/// <summary>The lines with skip marks that a change adds to a test file. Content is named by its hash only: no path, attribute or filter has a say in what is read.</summary>
internal sealed class AddedMarks(GitRepository repository, int mostBytes)
{
    /// <summary>For one file: a pair of contents can be made to take git forever.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>In the order of the file; null if it is too much to be looked through.</summary>
    public async Task<IReadOnlyList<string>?> In(TreeChange change, IReadOnlyDictionary<string, long> sizes, CancellationToken cancel)
    {
        var (now, before) = (change.New!, change.Old is { IsFile: true } old ? old : null);
        if (sizes[now.Sha] > mostBytes || (before is not null && sizes[before.Sha] > mostBytes)) return null;
        // Indented anew, or with other line ends, a line isn't new.
        var read = repository.Command(before is null
            ? ["cat-file", "blob", now.Sha]
            : ["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--text", "--ignore-all-space", "--unified=0", before.Sha, now.Sha, "--"]) with
        { MaxOutput = 4 * mostBytes, TimeLimit = Patience };
        try
        {
            var answer = await repository.Git.Run(read, cancel);
            if (answer.Truncated) return null;
            return [.. (before is null ? Lines(answer.Output) : Added(answer.Output)).Where(line => SkipMarks.IsIn(line, now.Path))];
        }
        catch (Exception slow) when (slow is RegexMatchTimeoutException or GitException { ExitCode: GitException.TimedOut })
        {
            return null;
        }
    }

    /// <summary>Bytes of each of these blobs.</summary>
    public async Task<Dictionary<string, long>> Sizes(IReadOnlyCollection<string> blobs, CancellationToken cancel)
    {
        if (blobs.Count == 0) return [];
        var ask = repository.Command(["cat-file", "--batch-check=%(objectname) %(objectsize)"]) with { Input = string.Concat(blobs.Select(sha => sha + "\n")) };
        return (await repository.Git.Run(ask, cancel)).Lines.Select(line => line.Split(' ')).ToDictionary(line => line[0], line => long.Parse(line[1], CultureInfo.InvariantCulture));
    }

    private static IEnumerable<string> Added(string diff)
    {
        var inside = false;
        foreach (var line in diff.Split('\n'))
        {
            inside |= line.StartsWith("@@ ", StringComparison.Ordinal);
            if (inside && line.StartsWith('+')) yield return Plain(line[1..]);
        }
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n').Select(Plain);

    /// <summary>Every other byte of a file in UTF-16 is 0.</summary>
    private static string Plain(string line) => line.Replace("\0", "", StringComparison.Ordinal).Trim();
}
