using System.ComponentModel.DataAnnotations;

namespace Ampx.Silo.Git.Guarding;

/// <summary><c>Ampx:Guards</c>: which changes a person is to see although CI is green.</summary>
public sealed class GuardOptions
{
    private static readonly string[] Protected = [".github/workflows/**", ".ampx.yml"];
    private static readonly string[] Tests = ["**/test/**", "**/tests/**", "**/__tests__/**", "**/*test*.*", "**/*spec*.*"];

    /// <summary>Files that only people change; the workflows and <c>.ampx.yml</c> unless given.</summary>
    [Globs]
    public IList<string> ProtectedPaths { get; } = [];

    /// <summary>Files with tests in them; those in folders and of names that are usual for tests unless given.</summary>
    [Globs]
    public IList<string> TestPaths { get; } = [];

    internal PathGlobs ProtectedFiles => new(ProtectedPaths.Count > 0 ? ProtectedPaths : Protected);

    internal PathGlobs TestFiles => new(TestPaths.Count > 0 ? TestPaths : Tests);
}

/// <summary>A pattern, or each of several, is one that <see cref="PathGlobs"/> understands to the letter: a guard that never fires is worse than none.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GlobsAttribute() : ValidationAttribute("a path from the repository's root, with * for a part of a name and ** for any folders, such as '.github/workflows/**'")
{
    public override bool IsValid(object? value) => value switch
    {
        string glob => IsGlob(glob),
        IEnumerable<string> globs => globs.All(IsGlob),
        _ => false,
    };

    private static bool IsGlob(string glob) =>
        !string.IsNullOrWhiteSpace(glob) && glob[0] is not ('/' or '!') && !glob.EndsWith('/')
        && !glob.Any(c => char.IsControl(c) || @"?[]{}\".Contains(c, StringComparison.Ordinal))
        && glob.Split('/').All(part => part is "**" || (part is not ("" or "." or "..") && !part.Contains("**", StringComparison.Ordinal)));
}
