using Ampx.Silo.Forges.GitHub.Budgets;

namespace Ampx.Tests.Forges;

/// <summary>A GitHub that counts, and callers that ask a budget first: each number drawn is a caller, an answer, or time that passes.</summary>
internal sealed class BudgetWorld
{
    private readonly CallBudget budget = new();
    private readonly List<(DateTimeOffset At, ApiCall Call)> made = [];
    private readonly List<(long Permit, ApiCall Call, DateTimeOffset At)> open = [];
    private DateTimeOffset now = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private DateTimeOffset reset;
    private DateTimeOffset refusesUntil;
    private int used;
    private int limit = 40;
    private bool known;
    private DateTimeOffset toldToWait;

    public BudgetWorld() => reset = now.AddMinutes(3);

    /// <summary>What GitHub would have refused, beyond the answers that taught the budget so.</summary>
    public List<string> Broken { get; } = [];

    public void Step(int choice)
    {
        var rest = choice / 16;
        switch (choice % 16)
        {
            case < 7:
                for (var callers = 0; callers <= rest / 4 % 40; callers++) Call(rest % 4 == 0 ? new("core", 5, true) : new("core", rest % 4 == 1 ? 5 : 1, false));
                break;
            case < 12 when open.Count > 0:
                for (var answers = rest % 40; answers >= 0 && open.Count > 0; answers--) Answer(rest % open.Count, rest + answers);
                break;
            case 12 when open.Count > 0 && rest % 8 == 0:
                open.RemoveAt(0); // whoever made it is gone
                break;
            case 13 when rest % 4 == 0:
                refusesUntil = now.AddSeconds(10 + rest % 90);
                break;
            case 14 when rest % 4 == 0:
                Pass(TimeSpan.FromSeconds(rest % 70));
                break;
            default:
                Pass(TimeSpan.FromMilliseconds(rest % 1500));
                break;
        }
    }

    /// <summary>One more caller, who waits as long as told; everybody else falls silent.</summary>
    public int AsksUntilServed()
    {
        for (var asks = 1; ; asks++)
        {
            var permit = budget.Ask(new("core", 5, true), TimeSpan.Zero, now);
            if (permit.Id is not null || asks > 700) return asks;
            if (permit.Wait <= TimeSpan.Zero) Broken.Add("a wait that is none");
            now += permit.Wait;
        }
    }

    private void Call(ApiCall call)
    {
        if (budget.Ask(call, TimeSpan.FromSeconds(5), now).Id is not { } permit) return;
        Renew();
        made.Add((now, call));
        open.Add((permit, call, now));
        var minute = made.Where(one => one.At > now.AddMinutes(-1)).ToList();
        if (minute.Sum(one => one.Call.Points) > 900) Broken.Add($"{now:O}: more than 900 points a minute");
        if (minute.Count(one => one.Call.Creates) > 80) Broken.Add($"{now:O}: more than 80 a minute created");
        if (made.Count(one => one.Call.Creates && one.At > now.AddHours(-1)) > 500) Broken.Add($"{now:O}: more than 500 an hour created");
        if (open.Count(one => one.At > now.AddMinutes(-2)) > 100) Broken.Add($"{now:O}: more than 100 at once");
        if (known && now < reset && used >= limit) Broken.Add($"{now:O}: called although GitHub had said that nothing is left");
        if (toldToWait > now) Broken.Add($"{now:O}: called although GitHub had said to wait");
        used++;
    }

    /// <summary>The answer, as GitHub sees it when the call came: what it said then is what the budget learns now.</summary>
    private void Answer(int index, int rest)
    {
        var (permit, call, _) = open[index];
        open.RemoveAt(index);
        Renew();
        if (refusesUntil > now)
        {
            toldToWait = refusesUntil;
            budget.Report(permit, new(true, call.Resource, null, null, refusesUntil - now), now);
            return;
        }

        if (rest % 3 == 0 && used > 0) used--; // 304
        known = true;
        budget.Report(permit, new(used > limit, call.Resource, Math.Max(0, limit - used), reset - now, null), now);
    }

    private void Pass(TimeSpan time) => now += time;

    private void Renew()
    {
        if (now < reset) return;
        (used, limit, reset, known) = (0, limit == 40 ? 5000 : 40, now.AddMinutes(30), false);
    }
}
