using System.Collections.Immutable;
using Ampx.Core.Ci;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Ampx.Tests.Ci;

/// <summary>What holds for every verdict, whatever GitHub lists.</summary>
public class AnyVerdictTests
{
    private static readonly DateTimeOffset Pushed = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string[] Conclusions = ["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale", "startup_failure"];
    private static readonly string?[] StepEnds = ["success", "failure", "cancelled", "skipped", null];
    private static readonly string[] Words = ["The job has exceeded the maximum execution time of 6m0s", "The runner has received a shutdown signal.", "The run was canceled by @octocat.", "no"];

    [Property(MaxTest = 2000, EndSize = 24)]
    public void The_order_of_the_listing_changes_nothing(DoNotSize<int>[] drawn, DoNotSize<int> facts, int seed)
    {
        var (runs, context) = (Runs(drawn), Context(facts));
        var mixed = runs.ToArray();
        new Random(seed).Shuffle(mixed);

        Assert.Equal(Told(CiVerdict.Of(runs, context)), Told(CiVerdict.Of(mixed, context)));
        Assert.Equal(CiVerdict.Unclear(runs, context).Select(run => run.Id), CiVerdict.Unclear(mixed, context).Select(run => run.Id));
    }

    [Property(MaxTest = 2000, EndSize = 24)]
    public void While_a_run_is_at_work_there_is_no_verdict(DoNotSize<int>[] drawn, DoNotSize<int> facts, DoNotSize<int> status)
    {
        var context = Context(facts);
        var atWork = Run(0, 99) with { WorkflowId = 1000, Status = Of(["queued", "in_progress", "waiting", "pending", "requested"], status.Item), Conclusion = null };

        if (context.Now < Pushed + context.Timeout) Assert.IsType<CiVerdict.Wait>(CiVerdict.Of([.. Runs(drawn), atWork], context));
        else Assert.False(CiVerdict.Of([.. Runs(drawn), atWork], context) is CiVerdict.Green or CiVerdict.Wait);
    }

    [Property(MaxTest = 2000, EndSize = 24)]
    public void Green_needs_a_success_and_bears_no_failure(DoNotSize<int>[] drawn, DoNotSize<int> facts)
    {
        var runs = Runs(drawn);
        if (CiVerdict.Of(runs, Context(facts)) is not CiVerdict.Green green) return;

        Assert.All(green.Judged, run => Assert.False(run.Conclusion is "failure" or "timed_out" or "startup_failure" or "action_required" || run.Status is not "completed"));
        Assert.All(green.Judged.Where(run => run.Conclusion is "cancelled" or "stale"), run => Assert.Contains(runs, other => other.WorkflowId == run.WorkflowId && other.Conclusion is "success"));
        Assert.Equal("success", Assert.Single(green.Deciding).Conclusion);
        Assert.True(Context(facts).Now >= Pushed + Context(facts).SettleTime);
    }

    [Property(MaxTest = 2000, EndSize = 24)]
    public void A_failed_run_more_never_makes_it_green(DoNotSize<int>[] drawn, DoNotSize<int> facts, DoNotSize<int> kind)
    {
        var failed = Run(kind.Item, 99) with { WorkflowId = 1000, Status = "completed", Conclusion = "failure" };
        Assert.IsNotType<CiVerdict.Green>(CiVerdict.Of([.. Runs(drawn), failed], Context(facts)));
    }

    [Property(MaxTest = 2000, EndSize = 24)]
    public void Time_takes_no_verdict_back(DoNotSize<int>[] drawn, DoNotSize<int> facts, DoNotSize<int> later)
    {
        var (runs, context) = (Runs(drawn), Context(facts));
        var verdict = CiVerdict.Of(runs, context);
        if (verdict is CiVerdict.Wait) return;

        Assert.Equal(Told(verdict), Told(CiVerdict.Of(runs, context with { Now = context.Now.AddSeconds(Below(later.Item, 20_000)) })));
    }

    [Property(MaxTest = 2000, EndSize = 24)]
    public void Waiting_ends_when_it_says(DoNotSize<int>[] drawn, DoNotSize<int> facts)
    {
        var (runs, context) = (Runs(drawn), Context(facts));
        if (CiVerdict.Of(runs, context) is not CiVerdict.Wait { Until: { } until }) return;

        Assert.True(until > context.Now);
        Assert.IsNotType<CiVerdict.Wait>(CiVerdict.Of(runs, context with { Now = until }));
    }

    [Property(MaxTest = 2000, EndSize = 24)]
    public void Only_a_first_attempt_is_run_again_and_only_where_that_is_allowed(DoNotSize<int>[] drawn, DoNotSize<int> facts)
    {
        var context = Context(facts);
        if (CiVerdict.Of(Runs(drawn), context) is not CiVerdict.OwnFault fault) return;

        Assert.True(context.MayRerun);
        Assert.All(fault.Deciding, run => Assert.Equal(1, run.RunAttempt));
    }

    [Property(MaxTest = 2000, EndSize = 24)]
    public void Jobs_that_were_not_asked_for_would_have_changed_nothing(DoNotSize<int>[] drawn, DoNotSize<int> facts)
    {
        var (runs, context) = (Runs(drawn), Context(facts));
        var unclear = CiVerdict.Unclear(runs, context).Select(run => run.Id).ToHashSet();

        Assert.Equal(Told(CiVerdict.Of(runs, context)), Told(CiVerdict.Of([.. runs.Select(run => unclear.Contains(run.Id) ? run : run with { Jobs = [] })], context)));
    }

    private static string Told(CiVerdict verdict) => verdict switch
    {
        CiVerdict.Wait wait => $"wait until {wait.Until:O}, {wait.Show?.Id}",
        CiVerdict.Stopped stopped => $"{stopped.Code}: {stopped.Detail}",
        _ => $"{verdict.GetType().Name} {string.Join(',', verdict.Deciding.Select(run => run.Id))}",
    };

    /// <summary>Few workflows and events, so that they meet; each drawn number is one run.</summary>
    private static ImmutableArray<WorkflowRun> Runs(DoNotSize<int>[] drawn) => [.. drawn.Select((number, index) => Run(number.Item, index))];

    private static WorkflowRun Run(int number, int index)
    {
        var draw = new Random(number);
        var done = draw.Next(8) > 0;
        var conclusion = done ? Conclusions[draw.Next(Conclusions.Length)] : null;
        return new WorkflowRun(
            5_000_000_000 + index, draw.Next(3), "ci", draw.Next(2) == 0 ? "push" : "pull_request", done ? "completed" : "in_progress", conclusion,
            1 + draw.Next(2), Pushed.AddSeconds(draw.Next(5)), null, [.. Enumerable.Range(0, conclusion is "startup_failure" ? 0 : draw.Next(3)).Select(_ => Job(draw))]);
    }

    private static WorkflowJob Job(Random draw)
    {
        var steps = Enumerable.Range(1, draw.Next(4)).Select(at =>
        {
            var end = StepEnds[draw.Next(StepEnds.Length)];
            return new WorkflowStep(at, at == 1 ? "Set up job" : draw.Next(2) == 0 ? "Run npm test" : "Post Run actions/checkout@v4", end is null ? "in_progress" : "completed", end);
        }).ToList();
        return new WorkflowJob(draw.Next(), "test", "completed", Conclusions[draw.Next(Conclusions.Length)], draw.Next(2) == 0, null, steps) { Said = draw.Next(3) == 0 ? [Words[draw.Next(Words.Length)]] : [] };
    }

    private static CiContext Context(DoNotSize<int> facts)
    {
        var draw = new Random(facts.Item);
        return new CiContext(
            Pushed.AddSeconds(draw.Next(4) switch { 0 => draw.Next(30), 1 => draw.Next(300), 2 => draw.Next(7200), _ => draw.Next(20_000) }), Pushed,
            TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromHours(2), HasWorkflows: draw.Next(4) > 0, TouchedWorkflows: draw.Next(2) == 0, MayRerun: draw.Next(2) == 0);
    }

    private static string Of(string[] words, int number) => words[Below(number, words.Length)];

    private static int Below(int number, int limit) => (int)((uint)number % (uint)limit);
}
