namespace Ampx.Silo.Git;

/// <summary>Fetches of one mirror, one at a time. A request joins a fetch that has not begun yet (with the same credentials), since that one will
/// see everything the request could want; it never joins one under way.</summary>
internal sealed class FetchLine
{
    private readonly Lock gate = new();
    private Task? last;
    private (GitRemote Remote, Task<Mirror> Fetch)? waiting;

    /// <summary>Something that must not happen beside a fetch.</summary>
    public Task Alone(Action act)
    {
        lock (gate)
        {
            waiting = null; // whoever comes now fetches after this
            return last = (last ?? Task.CompletedTask).ContinueWith(_ => act(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    public Task<Mirror> Join(GitRemote remote, Func<Task<Mirror>> fetch)
    {
        lock (gate)
        {
            if (waiting is { } next && next.Remote == remote) return next.Fetch;
            var before = last;
            var mine = Task.Run(async () =>
            {
                if (before is not null) await before.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                lock (gate)
                    if (waiting is { } turn && turn.Remote == remote) waiting = null;
                return await fetch();
            });
            waiting = (remote, mine);
            last = mine;
            return mine;
        }
    }
}
