using System.Collections.Immutable;

namespace Ampx.Core.Tasks;

/// <summary>What a person is to see before a change is taken.</summary>
public enum GuardKind
{
    /// <summary>A protected file is new, changed or gone.</summary>
    ProtectedPath,

    /// <summary>A test file is gone, emptied, or not among the tests any more.</summary>
    TestDeleted,

    /// <summary>A line that is new in a test file keeps tests from being run.</summary>
    TestSkipped,

    /// <summary>A test file is too large to be looked through.</summary>
    Unread,

    /// <summary>All that is too much to be listed, in one.</summary>
    More,
}

/// <summary>One thing in a change that a person is to see.</summary>
/// <param name="Path">Within the repository; of <see cref="GuardKind.More"/> how many there are.</param>
/// <param name="Mark">Stands for exactly what was found, the file's content included: what a person has taken holds the change only once.</param>
[GenerateSerializer, Immutable, Alias("ampx.guard-finding.v1")]
public sealed record GuardFinding(GuardKind Kind, string Path, string Mark);

/// <summary>What the guards found in a whole change, from the base to the pushed commit.</summary>
[GenerateSerializer, Immutable, Alias("ampx.guard-report.v1")]
public sealed record GuardReport(ImmutableArray<GuardFinding> Findings);

/// <summary>Findings in words.</summary>
public static class GuardWords
{
    private const int MostOfAPath = 120;

    /// <summary>On one line, with at most <paramref name="most"/> files named: <c>.github/workflows/ci.yml (protected), till_test.py (test deleted) and 3 more</c>.</summary>
    public static string Brief(IEnumerable<GuardFinding> findings, int most = 3)
    {
        var all = Lines(findings);
        var shown = string.Join(", ", all.Take(most));
        return all.Count > most ? $"{shown} and {all.Count - most} more" : shown;
    }

    /// <summary>All of them, a line each.</summary>
    public static IReadOnlyList<string> Lines(IEnumerable<GuardFinding> findings) =>
        [.. findings.DistinctBy(found => (found.Kind, found.Path)).Select(found => found.Kind is GuardKind.More ? found.Path : $"{Shown(found.Path)} ({Word(found.Kind)})")];

    private static string Word(GuardKind kind) => kind switch
    {
        GuardKind.ProtectedPath => "protected",
        GuardKind.TestDeleted => "test deleted",
        GuardKind.TestSkipped => "skip mark added",
        _ => "test too large to look through",
    };

    /// <summary>A path can hold any character; its end says most.</summary>
    private static string Shown(string path)
    {
        var line = string.Concat(path.Select(c => char.IsControl(c) ? '�' : c));
        return line.Length <= MostOfAPath ? line : $"…{line[^MostOfAPath..]}";
    }
}
