using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Ampx.Silo.Grains;

/// <summary>Stores nothing: which pull requests matter is read from the index, look for look.</summary>
[Reentrant]
public sealed partial class PullRequestWatchGrain(
    ITaskRows rows, ForgeDesk desk, TimeProvider clock, IOptionsMonitor<CiOptions> options, ILogger<PullRequestWatchGrain> log) : Grain, IPullRequestWatchGrain
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LookLimit = TimeSpan.FromMinutes(1);
    private readonly LastSeen deliveries = new();
    private IGrainTimer timer = null!;
    private bool looked;

    /// <summary>Ten minutes; who has CI looked at oftener than by default gets this oftener, too.</summary>
    private TimeSpan Interval => options.CurrentValue.PollInterval * 40 is var often && often < Longest ? often : Longest;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        timer = this.RegisterGrainTimer(_ => LookAtArmed(), new GrainTimerCreationOptions(Interval, Interval) { KeepAlive = true, Interleave = true });
        return Task.CompletedTask;
    }

    public Task Watch() => Task.CompletedTask;

    public Task Start()
    {
        if (!looked) timer.Change(TimeSpan.FromMilliseconds(1), Interval);
        looked = true;
        return Task.CompletedTask;
    }

    public async Task Hint(string deliveryId, int number)
    {
        if (!deliveries.Add(deliveryId)) return;
        foreach (var row in (await Mine(armedOnly: false)).Where(row => row.Number == number)) await Look(row);
    }

    private async Task LookAtArmed()
    {
        // While it can't be read which there are, who starts the watch each minute has it look again.
        looked = false;
        var armed = await Mine(armedOnly: true);
        looked = true;
        if (armed.Count == 0) DeactivateOnIdle();
        // One after the other: nobody waits for it.
        foreach (var row in armed) await Look(row);
    }

    private async Task<IReadOnlyList<AwaitedPullRequest>> Mine(bool armedOnly)
    {
        var key = this.GetPrimaryKeyString();
        return [.. (await rows.PullRequestsAwaited(armedOnly, CancellationToken.None)).Where(row => desk.PullRequestKeyOf(row.Repo) == key)];
    }

    private async Task Look(AwaitedPullRequest row)
    {
        try
        {
            var task = GrainFactory.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(row.TaskId));
            if (await task.Find() is not { } state || state.Step != row.Step) return;
            using var limit = new CancellationTokenSource(LookLimit, clock);
            if (await desk.SeePullRequest(state, limit.Token) is { } seen) await task.Tell(seen, state.Step);
        }
        catch (Exception unheard)
        {
            LogLookFailed(row.TaskId, row.Number, unheard);
        }
    }

    [LoggerMessage(LogLevel.Warning, "task {Task}: pull request #{Number} couldn't be looked at; the next look tries again")]
    private partial void LogLookFailed(string task, int number, Exception exception);
}
