using Microsoft.Extensions.FileSystemGlobbing;

namespace Ampx.Silo.Git.Guarding;

/// <summary>Patterns for paths in a repository, in any case: <c>.GitHub</c> is the same folder on many a disk.</summary>
internal sealed class PathGlobs
{
    private readonly Matcher matcher = new(StringComparison.OrdinalIgnoreCase);
    private readonly List<string> globs;

    public PathGlobs(IEnumerable<string> globs)
    {
        this.globs = [.. globs];
        matcher.AddIncludePatterns(this.globs);
    }

    public bool Fit(string path) => matcher.Match("/", path).HasMatches;

    /// <summary>Files that fit may lie below it: a link there puts others in their place.</summary>
    public bool MayLieBelow(string folder) => globs.Exists(glob => glob.StartsWith(folder + "/", StringComparison.OrdinalIgnoreCase));
}
