using System.Collections.Immutable;

namespace Ampx.FakeGitHub.Repositories;

/// <summary>A remark under an issue.</summary>
public sealed record Comment(long Id, string Body, string Author, DateTimeOffset CreatedAt);

/// <summary>An issue; at GitHub every pull request is one too.</summary>
public class Issue
{
    private ImmutableList<Comment> comments = [];
    private ImmutableList<string> labels = [];

    internal Issue(int number, string title, string? body, string author, DateTimeOffset now) =>
        (Number, Title, Body, Author, CreatedAt, UpdatedAt) = (number, title, body, author, now, now);

    /// <summary>Larger than 2^32.</summary>
    public long Id { get; } = Ids.Next();

    /// <summary>Counted per repository.</summary>
    public int Number { get; }

    /// <summary>The title.</summary>
    public string Title { get; internal set; }

    /// <summary>The text.</summary>
    public string? Body { get; internal set; }

    /// <summary>Who opened it.</summary>
    public string Author { get; }

    /// <summary><c>open</c> or <c>closed</c>.</summary>
    public string State { get; internal set; } = "open";

    /// <summary>When it was opened.</summary>
    public DateTimeOffset CreatedAt { get; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset UpdatedAt { get; internal set; }

    /// <summary>When it was closed.</summary>
    public DateTimeOffset? ClosedAt { get; internal set; }

    /// <summary>Remarks, oldest first.</summary>
    public ImmutableList<Comment> Comments => comments;

    /// <summary>Names of labels.</summary>
    public ImmutableList<string> Labels => labels;

    internal Comment Say(string body, string author, DateTimeOffset now)
    {
        var comment = new Comment(Ids.Next(), body, author, now);
        ImmutableInterlocked.Update(ref comments, list => list.Add(comment));
        return comment;
    }

    internal void Label(IEnumerable<string> names) =>
        ImmutableInterlocked.Update(ref labels, (list, more) => [.. list.Union(more, StringComparer.OrdinalIgnoreCase)], names.ToArray());
}

/// <summary>A pull request within one repository.</summary>
public sealed class PullRequest : Issue
{
    private ImmutableList<Review> reviews = [];

    internal PullRequest(int number, string title, string? body, string author, DateTimeOffset now) : base(number, title, body, author, now)
    {
    }

    /// <summary>The branch that it brings.</summary>
    public required string Head { get; init; }

    /// <summary>The branch's tip as GitHub last saw it.</summary>
    public required string HeadSha { get; set; }

    /// <summary>The tip before the last push.</summary>
    internal string FormerHeadSha { get; set; } = BareGit.Zero;

    /// <summary>The branch that it goes to.</summary>
    public required string Base { get; set; }

    /// <summary>The tip of <see cref="Base"/> when it was opened or last merged against.</summary>
    public required string BaseSha { get; set; }

    /// <summary>Not ready for review.</summary>
    public bool Draft { get; internal set; }

    /// <summary>Merged, not only closed.</summary>
    public DateTimeOffset? MergedAt { get; internal set; }

    /// <summary>Who merged it.</summary>
    public string? MergedBy { get; internal set; }

    /// <summary>The commit that the merge made; before it, the test merge.</summary>
    public string? MergeCommitSha { get; internal set; }

    /// <summary>The armed auto-merge; stays with a pull request that it merged.</summary>
    public AutoMerge? AutoMerge { get; internal set; }

    /// <summary>Reviews, oldest first.</summary>
    public ImmutableList<Review> Reviews => reviews;

    /// <summary>Logins that were asked to review.</summary>
    public ImmutableList<string> Reviewers { get; internal set; } = [];

    /// <summary>Whether it merges, for the pair of tips it was worked out for; null until asked for once.</summary>
    internal Mergeability? Mergeable { get; set; }

    internal void Add(Review review) => ImmutableInterlocked.Update(ref reviews, list => list.Add(review));
}

/// <summary>The answer to "does it merge", true for one pair of tips only.</summary>
/// <param name="HeadSha">The head that was tried.</param>
/// <param name="BaseSha">The base that was tried.</param>
/// <param name="MergeSha">The test merge, or null if there are conflicts.</param>
internal sealed record Mergeability(string HeadSha, string BaseSha, string? MergeSha);
