namespace Ampx.Silo.Git.Guarding;

/// <summary>A file on one side of a change.</summary>
/// <param name="Mode">git's: <c>100644</c>, <c>100755</c>, <c>120000</c> for a link, <c>160000</c> for a submodule.</param>
internal sealed record TreeEntry(string Path, string Mode, string Sha)
{
    /// <summary>git's names for no content at all, of both kinds.</summary>
    private static readonly string[] Nothing = ["e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813"];

    public bool IsFile => Mode.StartsWith("100", StringComparison.Ordinal);

    public bool IsLink => Mode is "120000" or "160000";

    public bool IsEmpty => Nothing.Contains(Sha);
}

/// <summary>One entry of <c>git diff-tree --raw -z</c>. New: no <see cref="Old"/>; deleted: no <see cref="New"/>; renamed: two paths.</summary>
internal sealed record TreeChange(TreeEntry? Old, TreeEntry? New)
{
    /// <exception cref="FormatException">It is not in git's form.</exception>
    public static IEnumerable<TreeChange> Read(string output)
    {
        // ":mode mode sha sha letter" NUL path NUL, and another path after R and C.
        var words = output.Split('\0');
        for (var at = 0; at < words.Length - 1;)
        {
            var head = words[at++].Split(' ');
            if (head.Length != 5 || head[0].Length != 7 || head[4].Length == 0 || at >= words.Length) throw new FormatException($"git's list of changes has a line of another form: {words[at - 1]}");
            var from = words[at++];
            var to = head[4][0] is 'R' or 'C' ? words[at++] : from;
            yield return new(head[4][0] is 'A' ? null : new(from, head[0][1..], head[2]), head[4][0] is 'D' ? null : new(to, head[1], head[3]));
        }
    }
}
