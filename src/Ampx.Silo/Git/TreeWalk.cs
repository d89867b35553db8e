using System.IO.Enumeration;

namespace Ampx.Silo.Git;

/// <summary>Every entry below a folder that somebody else filled, as its path: links aren't followed, and what can't be entered (locked, too deep, with a name that is no text) is passed over.</summary>
internal sealed class TreeWalk<T>(string folder, FileSystemEnumerable<T>.FindTransform what, FileSystemEnumerable<T>.FindPredicate? which = null)
    : FileSystemEnumerator<T>(folder, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 })
{
    public IEnumerable<T> All()
    {
        while (MoveNext()) yield return Current;
    }

    protected override bool ContinueOnError(int error) => true;

    protected override bool ShouldIncludeEntry(ref FileSystemEntry entry) => which?.Invoke(ref entry) ?? true;

    protected override bool ShouldRecurseIntoEntry(ref FileSystemEntry entry) => entry.IsDirectory && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint);

    protected override T TransformEntry(ref FileSystemEntry entry) => what(ref entry);
}
