using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;
using Ampx.Silo.Telemetry;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace Ampx.Silo.Grains;

/// <summary>One of <see cref="WakeShard.Count"/> owners of wake-ups; its key is the shard's number.</summary>
[Alias("ampx.wake")]
public interface IWakeGrain : IGrainWithIntegerKey
{
    /// <summary>Makes sure that the shard's reminder stands and that nothing due is left lying.</summary>
    [Alias("Start")]
    Task Start();

    /// <summary>A silo is gone: what it had under way in this shard goes on now.</summary>
    [Alias("Resume")]
    Task Resume();

    /// <summary>A hint: something in this shard is due then.</summary>
    [Alias("Expect")]
    Task Expect(DateTimeOffset time);
}

/// <summary>Wakes the tasks of its shard when their time has come: by timer to the moment, by one reminder a minute whatever else is lost.</summary>
[Reentrant]
public sealed partial class WakeGrain(ITaskRows rows, ForgeDesk desk, TimeProvider clock, ILogger<WakeGrain> log) : Grain, IWakeGrain, IRemindable
{
    internal static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <summary>After a call that failed.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    /// <summary>All there can be: overdue tasks stay in the list while all is well with them, and must not hide the others.</summary>
    private const int Most = 1_000_000;

    /// <summary>Phases that a dead silo may have left with nobody at work.</summary>
    private static readonly Phase[] Effects = [Phase.CollectingFeedback, Phase.OpeningPr, Phase.Merging];

    /// <summary>Overdue tasks that were woken already: their safety date stays in the past while all is well.</summary>
    private readonly Dictionary<string, DateTimeOffset> woken = [];
    private IGrainTimer timer = null!;
    private DateTimeOffset next = DateTimeOffset.MaxValue;
    private DateTimeOffset watched = DateTimeOffset.MinValue;
    private bool resumed;

    private int Shard => (int)this.GetPrimaryKeyLong();

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        timer = this.RegisterGrainTimer(_ => Sweep(), new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        // A new activation means a restart or a failover.
        await Resume();
    }

    public async Task Start()
    {
        if (await this.GetReminder("wake") is null) await this.RegisterOrUpdateReminder("wake", Period, Period);
    }

    public async Task Resume()
    {
        (resumed, watched) = (false, DateTimeOffset.MinValue);
        await Sweep();
    }

    public Task Expect(DateTimeOffset time)
    {
        if (time < next) Schedule(time);
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => Sweep();

    private async Task Sweep()
    {
        var now = clock.GetUtcNow();
        // Before anything can fail, and so that what is expected meanwhile counts.
        Schedule(now + Period);
        try
        {
            await Look(now);
        }
        catch (Exception failed)
        {
            LogNotSwept(Shard, failed);
            await Expect(now + Soon);
        }
    }

    private async Task Look(DateTimeOffset now)
    {
        if (!resumed)
        {
            var left = await rows.InPhases(Shard, Effects, CancellationToken.None);
            resumed = true;
            // At work on it, perhaps, is the silo that is gone; where it is another one, that finds itself at work already.
            foreach (var task in left) Wake(task.TaskId, () => resumed = false);
        }

        var due = await rows.Due(Shard, now, Most, CancellationToken.None);
        foreach (var task in due)
        {
            if (woken.TryGetValue(task.TaskId, out var last) && last + Period > now && task.NextWakeAt <= last) continue;
            woken[task.TaskId] = now;
            // Others have a safety date, which passes while all is well with them.
            if (task.Phase is Phase.BackingOff) Measures.Woken(now - task.NextWakeAt);
            Wake(task.TaskId, () => woken.Remove(task.TaskId));
        }

        foreach (var old in woken.Where(entry => entry.Value + Period * 2 < now).Select(entry => entry.Key).ToList()) woken.Remove(old);
        if (Shard == 0) await StartWatches(now);
        // What is overdue was woken just now; the next sweep looks at it again.
        if (await rows.NextDue(Shard, now, CancellationToken.None) is { } later && later < next) Schedule(later);
    }

    /// <summary>A watch that is lost is back within a minute, and no waiting task need be woken for that.</summary>
    private async Task StartWatches(DateTimeOffset now)
    {
        if (now - watched < Period) return;
        var repos = await rows.ReposWaitingForCi(CancellationToken.None);
        var armed = await rows.PullRequestsAwaited(armedOnly: true, CancellationToken.None);
        watched = now;
        foreach (var repo in repos.GroupBy(desk.KeyOf))
            Hint(GrainFactory.GetGrain<ICiWatchGrain>(repo.Key).Start([.. repo]), () => watched = DateTimeOffset.MinValue);
        foreach (var watch in armed.Select(row => desk.PullRequestKeyOf(row.Repo)).Distinct())
            Hint(GrainFactory.GetGrain<IPullRequestWatchGrain>(watch).Start(), () => watched = DateTimeOffset.MinValue);
    }

    private void Schedule(DateTimeOffset time)
    {
        next = time;
        var wait = time - clock.GetUtcNow();
        timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private void Wake(string taskId, Action missed) => Hint(GrainFactory.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(taskId)).Wake(), missed);

    /// <summary>Nobody waits for the call; where it fails, <paramref name="missed"/> has the next sweep make it again, soon.</summary>
    private void Hint(Task call, Action missed) => Watched(call, missed).Ignore();

    private async Task Watched(Task call, Action missed)
    {
        try
        {
            await call;
        }
        catch (Exception failed)
        {
            LogMissed(Shard, failed);
            missed();
            await Expect(clock.GetUtcNow() + Soon);
        }
    }

    [LoggerMessage(LogLevel.Warning, "wake shard {Shard}: the index couldn't be read; trying again")]
    private partial void LogNotSwept(int shard, Exception exception);

    [LoggerMessage(LogLevel.Warning, "wake shard {Shard}: a task or a watch couldn't be woken; trying again")]
    private partial void LogMissed(int shard, Exception exception);
}
