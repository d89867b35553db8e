using System.Diagnostics;
using Ampx.Gateway;
using Ampx.Silo.Storage;

namespace Ampx.Silo.Hosting;

/// <summary>What a start does about a database that is away: its server is just being restarted, or comes up after this service's machine.</summary>
internal static class AwayDatabase
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>A wait that is shorter is nobody's business.</summary>
    private static readonly TimeSpan WorthTelling = TimeSpan.FromSeconds(3);

    /// <summary>Starts until it works; gives up with the last failure after <paramref name="patience"/>, and at once where waiting is no help: a wrong password, no such database.</summary>
    /// <param name="say">Told once, if it takes longer.</param>
    public static async Task<T> WaitFor<T>(Func<Task<T>> start, TimeSpan patience, Action<string> say, CancellationToken cancel)
    {
        var since = Stopwatch.GetTimestamp();
        var told = false;
        while (true)
        {
            try
            {
                return await start();
            }
            catch (Exception refused) when (IsAway(refused) && Stopwatch.GetElapsedTime(since) < patience && !cancel.IsCancellationRequested)
            {
                if (!told && Stopwatch.GetElapsedTime(since) >= (patience < WorthTelling ? patience / 2 : WorthTelling))
                {
                    say($"waiting for the database, for {patience.TotalSeconds:0} s at most (Ampx:Storage:StartTimeout): {refused.Message}");
                    told = true;
                }
            }

            await Task.Delay(Pause, cancel);
        }
    }

    private static bool IsAway(Exception refused) => refused is StartException or StorageException && Unreachable.Is(refused.InnerException);
}
