namespace Ampx.Silo.Forges.GitHub;

/// <summary>A pull request with what Octokit's own record lacks; Octokit fills it by its own names.</summary>
internal sealed class PullRequestFacts
{
    public int Number { get; set; }
    public string NodeId { get; set; } = "";
    public string HtmlUrl { get; set; } = "";
    public string State { get; set; } = "";
    public bool Draft { get; set; }
    public bool Merged { get; set; }
    public string? MergeCommitSha { get; set; }
    public AutoMergeFacts? AutoMerge { get; set; }
    public HeadFacts? Head { get; set; }

    public bool IsOpen => State is "open";

    internal sealed class HeadFacts
    {
        public string? Sha { get; set; }
    }

    internal sealed class AutoMergeFacts
    {
        public string? MergeMethod { get; set; }
    }
}

/// <summary>The answer to "is it in the merge queue"; there <c>auto_merge</c> is gone, though nothing was taken back.</summary>
internal sealed class MergeQueueFacts
{
    public Answer? Data { get; set; }

    public bool IsQueued => Data?.Node?.IsInMergeQueue is true;

    internal sealed class Answer
    {
        public NodeFacts? Node { get; set; }
    }

    internal sealed class NodeFacts
    {
        /// <summary>Octokit's reader looks for names in snake case; the question gives this one such an alias.</summary>
        public bool IsInMergeQueue { get; set; }
    }
}
