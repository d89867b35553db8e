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
    private const int AtOnce = 8;

    private static readonly TimeSpan LookLimit = TimeSpan.FromMinutes(2);

    /// <summary>A limit that ends sooner is waited for here, without the tasks being told.</summary>
    private static readonly TimeSpan NotWorthTelling = TimeSpan.FromSeconds(10);

    /// <summary>How far the forge's clock may be behind ours.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Quantum = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MostTooOld = TimeSpan.FromHours(1);

    private readonly Dictionary<string, WatchedTask> waiting = [];
    private readonly HashSet<string> repos = new(StringComparer.Ordinal);
    private readonly HashSet<string> unknown = [];
    private readonly LastSeen deliveries = new();

    /// <summary>Commits that a delivery spoke of before their tasks were known here: CI may be quicker than the word that one waits for it.</summary>
    private readonly LastSeen early = new();
    private readonly WebhookPulse pulse = new();
    private readonly UsualTime usual = new();
    private IGrainTimer timer = null!;
    private CiListing? listing;
    private DateTimeOffset listed = DateTimeOffset.MinValue;
    private DateTimeOffset nextListing = DateTimeOffset.MinValue;
    private RateLimited? limit;
    private bool hinted;
    private bool stale;
    private int reading;
    private bool looking;
    private bool again;

    private TimeSpan Poll => options.CurrentValue.PollInterval;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        timer = this.RegisterGrainTimer(_ => Round(), new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        var key = this.GetPrimaryKeyString();
        await Start([.. (await rows.ReposWaitingForCi(cancellationToken)).Where(repo => desk.KeyOf(repo) == key)]);
    }

    public Task Start(ImmutableArray<string> spellings)
    {
        repos.UnionWith(spellings);
        stale = true;
        Soon();
        return Task.CompletedTask;
    }

    public Task Watch(string taskId, int step)
    {
        if (waiting.TryGetValue(taskId, out var known) && known.Step >= step) return Task.CompletedTask;
        unknown.Add(taskId);
        Soon();
        return Task.CompletedTask;
    }

    public Task Hint(string deliveryId, string? sha)
    {
        if (!deliveries.Add(deliveryId)) return Task.CompletedTask;
        pulse.Heard(clock.GetUtcNow());
        hinted |= sha is null && waiting.Count > 0;
        foreach (var task in waiting.Values.Where(task => sha is null || task.Sha == sha)) (task.Hinted, task.Announced) = (sha is not null, true);
        if (sha is not null && waiting.Values.All(task => task.Sha != sha)) early.Add(sha);
        if (hinted || sha is not null) Soon();
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
            (stale, nextListing) = (true, clock.GetUtcNow() + Poll);
        }

        looking = false;
        Schedule();
    }

    private async Task LookOnce()
    {
        if (stale || unknown.Count > 0 || clock.GetUtcNow() >= nextListing) await Sync();
        if (waiting.Count == 0) return;
        if (limit is { } told && clock.GetUtcNow() < told.Until)
        {
            if (told.Until - clock.GetUtcNow() > NotWorthTelling) await Each(waiting.Values, task => Tell(task, told));
            return;
        }

        limit = null;
        try
        {
            await List();
        }
        catch (Exception failed)
        {
            if (failed is not ForgeException { RetryAt: not null }) LogListingFailed(this.GetPrimaryKeyString(), failed);
            nextListing = clock.GetUtcNow() + Poll;
            await Each(waiting.Values, task => Failed(task, failed, ++task.FailedListings));
        }

        var now = clock.GetUtcNow();
        foreach (var task in waiting.Values.Where(task => task.Due <= now && !task.Reading).Take(AtOnce - reading).ToList()) _ = Read(task);
        foreach (var task in waiting.Values.Where(task => task.IsWatched(now) && task.CountDue <= now).Take(AtOnce).ToList()) _ = Count(task);
    }

    /// <summary>Takes over from the index who waits.</summary>
    private async Task Sync()
    {
        if (unknown.Count > 0)
        {
            var key = this.GetPrimaryKeyString();
            var ids = unknown.ToList();
            repos.UnionWith((await rows.States(ids, CancellationToken.None)).Select(task => task.Repo).Where(repo => desk.KeyOf(repo) == key));
            unknown.ExceptWith(ids);
        }

        stale = false;
        var there = (await rows.WaitingForCi(repos, CancellationToken.None)).Where(row => row.HeadSha is not null).ToDictionary(row => row.TaskId, row => row.Step);
        foreach (var (id, task) in waiting.ToList())
        {
            if (!there.TryGetValue(id, out var step) || step != task.Step) waiting.Remove(id);
        }

        var fresh = there.Keys.Where(id => !waiting.ContainsKey(id)).ToList();
        if (fresh.Count == 0) return;
        foreach (var task in await rows.States(fresh, CancellationToken.None)) if (Waits(task)) waiting[task.Id] = Fresh(task);
        nextListing = Earlier(nextListing, listed + Poll);
    }

    private WatchedTask Fresh(TaskState task)
    {
        var told = early.Remove(task.HeadSha!);
        return new WatchedTask(task, options.CurrentValue.SettleTime) { Hinted = told, Announced = told };
    }

    private async Task List()
    {
        var now = clock.GetUtcNow();
        var pages = Math.Max(1, listing?.Pages.Length ?? 1);
        var asked = waiting.Values.Where(task => task.Hinted).ToList();
        var byHint = (hinted || asked.Count > 0) && pulse.MayLook(now) <= now;
        if (now < nextListing && !byHint) return;
        if (byHint) pulse.Look(now);
        var some = now < nextListing && !hinted && asked.Count <= pages ? asked : null;
        foreach (var task in asked) task.Hinted = false;
        hinted = false;
        if (some is null) listed = now;
        if (some is not null || waiting.Count <= pages) await Each(some ?? [.. waiting.Values], ListAlone);
        else await ListTogether();
        var pace = now + PollPace.Of(Poll, waiting.Values.Select(task => now - task.Since), usual.Median, pulse.IsLive(now));
        // The forge's answers may lag behind its deliveries: what was announced and didn't move is looked at again without another.
        if (byHint && waiting.Values.Any(task => task.Announced)) pace = now + Poll;
        nextListing = some is null ? pace : Earlier(nextListing, pace);
    }

    private async Task ListTogether()
    {
        var oldest = waiting.Values.Min(task => task.Oldest) - Skew;
        // The same words get the same tag: the bound moves seldom.
        var since = listing?.Scope.Since is { } last && last <= oldest && oldest - last < MostTooOld ? last : new DateTimeOffset(oldest.UtcTicks - (oldest.UtcTicks % Quantum.Ticks), TimeSpan.Zero);
        using var end = new CancellationTokenSource(LookLimit, clock);
        listing = await desk.ListCi(waiting.Values.First().Repo, new CiScope(null, since), listing, end.Token);
        var seen = waiting.Values.ToLookup(task => (task.Overlooked && listing.Mark(task.Sha) is "") || listing.Horizon is { } horizon && task.Oldest - Skew <= horizon);
        await Each(seen[false], task => See(task, listing));
        await Each(seen[true], ListAlone);
    }

    private async Task ListAlone(WatchedTask task)
    {
        using var end = new CancellationTokenSource(LookLimit, clock);
        task.Own = await desk.ListCi(task.Repo, new CiScope(task.Sha, null), task.Own, end.Token);
        await See(task, task.Own);
    }

    private async Task See(WatchedTask task, CiListing there)
    {
        if (task.See(there, clock.GetUtcNow(), options.CurrentValue.Timeout) is false) pulse.Missed();
        task.FailedListings = 0;
        if (task.Shown || there.AtWork(task.Sha) is not { } run) return;
        task.Shown = true;
        await Tell(task, new CiStarted(run.Id, run.Url) { By = "ci" });
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

            var state = (await rows.States([task.Id], CancellationToken.None)).SingleOrDefault();
            if (state is null || !Waits(state) || state.Step != task.Step) return;
            using var end = new CancellationTokenSource(LookLimit, clock);
            var look = await desk.ReadCi(state, end.Token);
            task.FailedReadings = 0;
            if (look.News is CiPassed or CiFailed) usual.Add(clock.GetUtcNow() - task.Since);
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
            var after = await GrainFactory.GetGrain<ITaskGrain>(ITaskGrain.KeyOf(task.Id)).Tell(news, task.Step);
            // Not by its name alone: meanwhile it may wait anew, for its next step.
            if ((after is null || !Waits(after) || after.Step != task.Step) && waiting.GetValueOrDefault(task.Id) == task) waiting.Remove(task.Id);
        }
        catch (Exception unheard)
        {
            LogUnheard(task.Id, news.GetType().Name, unheard);
            task.Due = clock.GetUtcNow() + Poll;
        }
    }

    private static Task Each(IEnumerable<WatchedTask> tasks, Func<WatchedTask, Task> act) =>
        Task.WhenAll(tasks.ToList().Select((task, index) => (task, lane: index % AtOnce)).GroupBy(entry => entry.lane).Select(async lane =>
        {
            foreach (var (task, _) in lane) await act(task);
        }));

    private static bool Waits(TaskState task) => task is { Phase: Phase.WaitingForCi, Forge: not ForgeKind.Git, HeadSha: not null };

    private void Soon()
    {
        again = true;
        if (!looking) timer.Change(TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private void Schedule()
    {
        if (waiting.Count == 0 && !again && !stale)
        {
            timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        var now = clock.GetUtcNow();
        var next = waiting.Values.Where(task => reading < AtOnce && !task.Reading).Select(task => task.Due).Append(nextListing).Min();
        if (waiting.Values.Where(task => task.IsWatched(now)).Select(task => (DateTimeOffset?)task.CountDue).Min() is { } count) next = Earlier(next, count);
        if (hinted || waiting.Values.Any(task => task.Hinted)) next = Earlier(next, pulse.MayLook(now));
        if (limit is { } told && told.Until > now) next = told.Until;
        if (again || next <= now) next = now + TimeSpan.FromMilliseconds(1);
        timer.Change(next - now, Timeout.InfiniteTimeSpan);
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
