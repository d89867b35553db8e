using Ampx.Core.Ci;
using Ampx.Silo.Forges;
using Microsoft.Extensions.Options;

namespace Ampx.Silo.Grains;

/// <summary>When the runs of one repository are listed, and how: one listing for all that wait, or one for each where that is fewer calls. Not thread-safe.</summary>
internal sealed class CiListings(ForgeDesk desk, TimeProvider clock, IOptionsMonitor<CiOptions> options)
{
    public static readonly TimeSpan LookLimit = TimeSpan.FromMinutes(2);

    /// <summary>How far the forge's clock may be behind ours.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Quantum = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan MostTooOld = TimeSpan.FromHours(1);

    private readonly WebhookPulse pulse = new();
    private readonly UsualTime usual = new();
    private CiListing? common;
    private DateTimeOffset listed = DateTimeOffset.MinValue;
    private bool hinted;

    /// <summary>When the next one is due without a delivery.</summary>
    public DateTimeOffset Next { get; private set; } = DateTimeOffset.MinValue;

    private TimeSpan Poll => options.CurrentValue.PollInterval;

    /// <summary>The last listing that shows the task's commit; null before the first.</summary>
    public CiListing? Of(WatchedTask task) => task.Own ?? common;

    /// <summary>A delivery came; <paramref name="forAll"/>: it named no commit, and somebody waits.</summary>
    public void Heard(bool forAll)
    {
        pulse.Heard(clock.GetUtcNow());
        hinted |= forAll;
    }

    /// <summary>A task has come to a verdict, so long after CI began.</summary>
    public void Took(TimeSpan time) => usual.Add(time);

    /// <summary>New tasks wait: the next listing is no later than if they had been there.</summary>
    public void Hurry() => Next = Earlier(Next, listed + Poll);

    public void Failed() => Next = clock.GetUtcNow() + Poll;

    /// <summary>When a delivery asks for the next one; null if none does.</summary>
    public DateTimeOffset? Asked(IEnumerable<WatchedTask> waiting, DateTimeOffset now) => hinted || waiting.Any(task => task.Hinted) ? pulse.MayLook(now) : null;

    /// <summary>Lists if it is time to.</summary>
    /// <param name="shown">Is called for each task whose commit has a run now that the task doesn't know of.</param>
    public async Task Look(IReadOnlyCollection<WatchedTask> waiting, Func<WatchedTask, ListedRun, Task> shown)
    {
        var now = clock.GetUtcNow();
        var pages = Math.Max(1, common?.Pages.Length ?? 1);
        var asked = waiting.Where(task => task.Hinted).ToList();
        var byHint = (hinted || asked.Count > 0) && pulse.MayLook(now) <= now;
        if (now < Next && !byHint) return;
        if (byHint) pulse.Look(now);
        var some = now < Next && !hinted && asked.Count <= pages ? asked : null;
        foreach (var task in asked) task.Hinted = false;
        hinted = false;
        if (some is null) listed = now;
        if (some is not null || waiting.Count <= pages) await Lanes.Each(some ?? [.. waiting], Alone);
        else await Together();
        var pace = now + PollPace.Of(Poll, waiting.Select(task => now - task.Since), usual.Median, pulse.IsLive(now));
        // The forge's answers may lag behind its deliveries: what was announced and didn't move is looked at again without another.
        if (byHint && waiting.Any(task => task.Announced)) pace = now + Poll;
        Next = some is null ? pace : Earlier(Next, pace);

        async Task Together()
        {
            var oldest = waiting.Min(task => task.Oldest) - Skew;
            // The same words get the same tag: the bound moves seldom.
            var since = common?.Scope.Since is { } last && last <= oldest && oldest - last < MostTooOld ? last : new DateTimeOffset(oldest.UtcTicks - (oldest.UtcTicks % Quantum.Ticks), TimeSpan.Zero);
            using var end = new CancellationTokenSource(LookLimit, clock);
            common = await desk.ListCi(waiting.First().Repo, new CiScope(null, since), common, end.Token);
            var overlooked = waiting.ToLookup(task => (task.Overlooked && common.Mark(task.Sha) is "") || common.Horizon is { } horizon && task.Oldest - Skew <= horizon);
            await Lanes.Each(overlooked[false], task => See(task, common));
            await Lanes.Each(overlooked[true], Alone);
        }

        async Task Alone(WatchedTask task)
        {
            using var end = new CancellationTokenSource(LookLimit, clock);
            task.Own = await desk.ListCi(task.Repo, new CiScope(task.Sha, null), task.Own, end.Token);
            await See(task, task.Own);
        }

        async Task See(WatchedTask task, CiListing there)
        {
            if (task.See(there, clock.GetUtcNow(), options.CurrentValue.Timeout) is false) pulse.Missed();
            task.FailedListings = 0;
            if (task.Shown || there.AtWork(task.Sha) is not { } run) return;
            task.Shown = true;
            await shown(task, run);
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
