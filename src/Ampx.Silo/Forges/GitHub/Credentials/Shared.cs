namespace Ampx.Silo.Forges.GitHub.Credentials;

/// <summary>A value that many want and one fetches. A failed fetch fails those who waited for it; the next one who asks begins another.</summary>
internal sealed class Shared<T>
{
    private readonly Lock _gate = new();
    private Task<T>? _last;

    /// <summary>The value there is if it <paramref name="holds"/>, else what <paramref name="fetch"/> gives; a fetch under way is joined.</summary>
    public Task<T> Get(Func<T, bool> holds, Func<Task<T>> fetch, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (_last is not { IsCompleted: false } && (_last is not { IsCompletedSuccessfully: true } || !holds(_last.Result))) _last = Task.Run(fetch, CancellationToken.None);
            // One caller's end doesn't end it for the others.
            return _last.WaitAsync(cancel);
        }
    }
}
