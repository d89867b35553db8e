namespace Ampx.Core.Ci;

/// <summary>Looks at the CI of one repository; its key is <c>ci-</c> and the repository's own key (<c>ForgeDesk.KeyOf</c>).</summary>
[Alias("ampx.ci-watch")]
public interface ICiWatchGrain : IGrainWithStringKey
{
    /// <summary>Activates the watch, which then reads from the index who waits.</summary>
    [Alias("Start")]
    Task Start();

    /// <summary>A task waits for the verdict on its commit, in this step.</summary>
    [Alias("Watch")]
    Task Watch(string taskId, int step);

    /// <summary>GitHub has told that something happened: look now. A delivery that was heard of before changes nothing.</summary>
    /// <param name="deliveryId">The delivery's <c>X-GitHub-Delivery</c>.</param>
    /// <param name="sha">The commit that it is about; null: any.</param>
    [Alias("Hint")]
    Task Hint(string deliveryId, string? sha);
}
