namespace Ampx.Silo.Forges;

/// <summary>When a task's pull request is opened.</summary>
public enum PullRequestTime
{
    /// <summary>With the first push, as a draft, if a workflow runs on pull requests; else when green.</summary>
    Auto,

    /// <summary>When CI is green.</summary>
    Green,

    /// <summary>With the first push, as a draft.</summary>
    Start,
}

/// <summary>Section <c>Ampx:PullRequest</c>.</summary>
public sealed class PullRequestOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Ampx:PullRequest";

    /// <summary>When it is opened.</summary>
    public PullRequestTime When { get; set; } = PullRequestTime.Auto;

    /// <summary>A pushed branch that ends in <c>needs_review</c> gets a draft too.</summary>
    public bool OnNeedsReview { get; set; } = true;

    /// <summary>Put on each pull request; one that the repository lacks is made by GitHub.</summary>
    public IList<string> Labels { get; } = [];

    /// <summary>Asked to review: a user's name, or <c>owner/team</c>.</summary>
    public IList<string> Reviewers { get; } = [];

    /// <summary>The pull request must be there before CI can judge a commit with these workflow files.</summary>
    public bool IsFirst(IEnumerable<string> workflowFiles) => When switch
    {
        PullRequestTime.Start => true,
        PullRequestTime.Auto => workflowFiles.Any(text => GitHub.Workflows.Triggers(text).PullRequest),
        _ => false,
    };
}
