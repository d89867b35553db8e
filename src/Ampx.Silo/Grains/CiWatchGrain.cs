using System.Collections.Immutable;
using Ampx.Core.Ci;
using Ampx.Core.Tasks;
using Ampx.Silo.Forges;
using Ampx.Silo.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Ampx.Silo.Grains;

/// <summary>
/// Stores nothing: who waits is read from the index, round for round. A listing tells which commits moved, one for all of them; a verdict comes from a full reading of one
/// commit (<see cref="IForge.ReadCi"/>), made when its listed runs have ended or when time alone decides.
/// </summary>
[Reentrant]
public sealed partial class CiWatchGrain(
    ITaskRows rows, ForgeDesk desk, TimeProvider clock, IOptionsMonitor<CiOptions> options, ILogger<CiWatchGrain> log) : Grain, ICiWatchGrain
{
    /// <summary>Looks in a row that may fail before the task itself backs off, where it shows.</summary>
    private const int FailuresHidden = 3;

    /// <summary>A limit that ends sooner is waited for here, without the tasks being told.</summary>
    private static readonly TimeSpan NotWorthTelling = TimeSpan.FromSeconds(10);

    private readonly CiListings listings = new(desk, clock, options);
    private readonly LastSeen deliveries = new();
    private CiWaiters waiting = null!;
    private IGrainTimer timer = null!;
    private RateLimited? limit;
    private int reading;
    private bool looking, again;

    private TimeSpan Poll => options.CurrentValue.PollInterval;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        timer = this.RegisterGrainTimer(_ => Round(), new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        waiting = new CiWaiters(rows, desk, this.GetPrimaryKeyString());
        await Start([.. await waiting.Spellings(cancellationToken)]);
    }

    public Task Start(ImmutableArray<string> spellings)
    {
        waiting.Start(spellings);
        Soon();
        return Task.CompletedTask;
    }

    public Task Watch(string taskId, int step)
    {
        if (waiting.Expect(taskId, step)) Soon();
        return Task.CompletedTask;
    }

    public Task Hint(string deliveryId, string? sha)
    {
        if (!deliveries.Add(deliveryId)) return Task.CompletedTask;
        listings.Heard(forAll: sha is null && waiting.All.Count > 0);
        waiting.Announce(sha);
        if (sha is not null || waiting.All.Count > 0) Soon();
        return Task.CompletedTask;
    }

    private async Task Round()
    {
        again = true;
        if (looking) return;
        looking = true;
        try
        {
            while (again)
            {
                again = false;
                await LookOnce();
            }
        }
        catch (Exception broken)
        {
            LogRoundFailed(this.GetPrimaryKeyString(), broken);
            waiting.Doubt();
            listings.Failed();
        }

        looking = false;
        Schedule();
    }

    private async Task LookOnce()
    {
        if ((waiting.IsOutdated || clock.GetUtcNow() >= listings.Next) && await waiting.Sync(options.CurrentValue.SettleTime)) listings.Hurry();
        if (waiting.All.Count == 0) return;
        if (limit is { } told && clock.GetUtcNow() < told.Until)
        {
            if (told.Until - clock.GetUtcNow() > NotWorthTelling) await Lanes.Each(waiting.All, task => Tell(task, told));
            return;
        }

        limit = null;
        try
        {
            await listings.Look(waiting.All, (task, run) => Tell(task, new CiStarted(run.Id, run.Url) { By = "ci" }));
        }
        catch (Exception failed)
        {
            if (failed is not ForgeException { RetryAt: not null }) LogListingFailed(this.GetPrimaryKeyString(), failed);
            listings.Failed();
            await Lanes.Each(waiting.All, task => Failed(task, failed, ++task.FailedListings));
        }

        var now = clock.GetUtcNow();
        foreach (var task in waiting.All.Where(task => task.Due <= now && !task.Reading).Take(Lanes.AtOnce - reading).ToList()) _ = Read(task);
        foreach (var task in waiting.All.Where(task => task.IsWatched(now) && task.CountDue <= now).Take(Lanes.AtOnce).ToList()) _ = Count(task);
    }

    /// <summary>Reads CI and tells the task what it says, or that it couldn't be read for too long.</summary>
    private async Task Read(WatchedTask task)
    {
        reading++;
        (task.Reading, task.Due) = (true, DateTimeOffset.MaxValue);
        try
        {
            if (limit is { } told && clock.GetUtcNow() < told.Until)
            {
                task.Due = told.Until;
                return;
            }

            if (await waiting.Current(task) is not { } state) return;
            using var end = new CancellationTokenSource(CiListings.LookLimit, clock);
            var look = await desk.ReadCi(state, end.Token);
            task.FailedReadings = 0;
            if (look.News is CiPassed or CiFailed) listings.Took(clock.GetUtcNow() - task.Since);
            if (look.News is CiStarted) task.Shown = true;
            if (look.News is { } news) await Tell(task, news);
            task.Undecided(look.LookAgain, task.Shown, clock.GetUtcNow());
        }
        catch (Exception failed)
        {
            if (failed is not ForgeException { RetryAt: not null }) LogLookFailed(task.Id, failed);
            await Failed(task, failed, ++task.FailedReadings);
        }
        finally
        {
            reading--;
            task.Reading = false;
            Soon();
        }
    }

    private async Task Failed(WatchedTask task, Exception failed, int inARow)
    {
        var news = Trouble.NewsOf(failed, ErrorCodes.CiInfrastructure);
        if (news is RateLimited until)
        {
            if (limit is null || until.Until > limit.Until)
            {
                limit = until;
                LogLimited(this.GetPrimaryKeyString(), until.Detail);
            }

            if (task.Reading) task.Due = until.Until;
            again = true;
            return;
        }

        if (task.Reading) task.Due = clock.GetUtcNow() + Poll;
        if (inARow >= FailuresHidden || ErrorCodes.Fatal.Contains(((StepFailed)news).Code)) await Tell(task, news);
    }

    private async Task Tell(WatchedTask task, TaskEvent news)
    {
        try
        {
            waiting.Became(task, await GrainFactory.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).Tell(news, task.Step));
        }
        catch (Exception unheard)
        {
            LogUnheard(task.Id, news.GetType().Name, unheard);
            task.Due = clock.GetUtcNow() + Poll;
        }
    }

    private void Soon()
    {
        again = true;
        if (!looking) timer.Change(TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private void Schedule()
    {
        var idle = waiting.All.Count == 0 && !again && !waiting.IsOutdated;
        timer.Change(idle ? Timeout.InfiniteTimeSpan : UntilNext(clock.GetUtcNow()), Timeout.InfiniteTimeSpan);
    }

    private TimeSpan UntilNext(DateTimeOffset now)
    {
        if (again) return TimeSpan.FromMilliseconds(1);
        if (limit is { } told && told.Until > now) return told.Until - now;
        var due = waiting.All.Where(task => reading < Lanes.AtOnce && !task.Reading).Select(task => task.Due);
        var counts = waiting.All.Where(task => task.IsWatched(now)).Select(task => task.CountDue);
        var next = due.Concat(counts).Append(listings.Next).Append(listings.Asked(waiting.All, now) ?? DateTimeOffset.MaxValue).Min();
        return next > now ? next - now : TimeSpan.FromMilliseconds(1);
    }
}
