using System.Collections.Immutable;
using Ampx.Core.Tasks;

namespace Ampx.Core.Ci;

/// <summary>Looks at the CI of one repository; its key is <see cref="KeyOf"/>.</summary>
[Alias("ampx.ci-watch")]
public interface ICiWatchGrain : IGrainWithStringKey
{
    /// <summary>The grain key of a repository.</summary>
    static string KeyOf(RepoRef repo) => $"ci-{repo.Key}";

    /// <summary>Tasks wait here, under these spellings of the repository: the watch reads from the index which.</summary>
    [Alias("Start")]
    Task Start(ImmutableArray<string> spellings);

    /// <summary>A task waits for the verdict on its commit, in this step.</summary>
    [Alias("Watch")]
    Task Watch(string taskId, int step);

    /// <summary>GitHub has told that something happened: look now. A delivery that was heard of before changes nothing.</summary>
    /// <param name="deliveryId">The delivery's <c>X-GitHub-Delivery</c>.</param>
    /// <param name="sha">The commit that it is about; null: any.</param>
    [Alias("Hint")]
    Task Hint(string deliveryId, string? sha);

    /// <summary>Somebody watches the task: for half a minute its jobs are counted, and the task is told by <see cref="ITaskGrain.Report"/>. The word may get lost.</summary>
    [Alias("Look")]
    Task Look(string taskId);
}
