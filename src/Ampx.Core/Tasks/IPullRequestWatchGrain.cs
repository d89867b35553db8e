namespace Ampx.Core.Tasks;

/// <summary>Notices what people, and the forge's auto-merge, do to the pull requests of one repository; its key is <see cref="KeyOf"/>.</summary>
[Alias("ampx.pull-request-watch")]
public interface IPullRequestWatchGrain : IGrainWithStringKey
{
    /// <summary>The key for a repository's own key (<see cref="RepoRef.Key"/>).</summary>
    static string KeyOf(string repoKey) => $"pulls-{repoKey}";

    /// <summary>An auto-merge is armed here: looked at every ten minutes from now on.</summary>
    [Alias("Watch")]
    Task Watch();

    /// <summary>Auto-merges may have been armed here before this watch began: looked at now, if they weren't yet.</summary>
    [Alias("Start")]
    Task Start();

    /// <summary>GitHub has told that something happened to this pull request: looked at now, of a task at work too. A delivery that was heard of before changes nothing.</summary>
    [Alias("Hint")]
    Task Hint(string deliveryId, int number);
}
