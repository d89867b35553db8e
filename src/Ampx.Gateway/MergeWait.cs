using Ampx.Core.Tasks;

namespace Ampx.Gateway;

/// <summary>Lets the one who ordered a merge hear how it went.</summary>
internal sealed class MergeWait(TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns once the task has left phase <c>merging</c>, or after 25 s while it is still at it.</summary>
    /// <exception cref="RefusedException">409: the forge refused.</exception>
    public async Task For(ITaskGrain grain, CancellationToken cancel)
    {
        for (var start = time.GetTimestamp(); time.GetElapsedTime(start) < Longest; await Task.Delay(Step, time, cancel))
        {
            var task = await grain.Find();
            if (task?.Phase is Phase.Merging) continue;
            if (task?.MergeRefusal is { } no) throw RefusedException.Order(new(no.Code, no.Detail));
            return;
        }
    }
}
