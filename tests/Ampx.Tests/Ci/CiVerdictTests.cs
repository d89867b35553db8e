using Ampx.Core.Ci;
using Xunit;

namespace Ampx.Tests.Ci;

public class CiVerdictTests
{
    private static readonly DateTimeOffset Pushed = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Runs as <c>workflow:event conclusion [#attempt] [jobs]</c>, comma between them, in the order they were created. A status that isn't <c>completed</c> stands in the conclusion's place.
    /// Jobs: <c>own</c> a step of the repository's own failed; <c>setup</c> "Set up job" failed; <c>lost</c> the runner vanished in a step; <c>norunner</c> none was ever assigned;
    /// <c>hung</c> timed out in an own step; <c>stopped</c> cut off by a person; <c>ok</c> succeeded; <c>-</c> none.
    /// Facts: seconds since the push, then flags: <c>none</c> no workflows, <c>touched</c> workflows changed, <c>rerun</c> may re-run.
    /// </summary>
    public static TheoryData<string, string, string, string> Situations => new()
    {
        // what it is                                          runs                                                              facts            verdict
        // 1. Something is at work.
        { "queued",                                            "ci:push queued",                                                 "60",            "wait" },
        { "in progress",                                       "ci:push in_progress",                                            "60",            "wait" },
        { "waits for a deployment's approval",                 "ci:push waiting",                                                "60",            "wait" },
        { "pending by a concurrency group",                    "ci:push pending",                                                "60",            "wait" },
        { "requested",                                         "ci:push requested",                                              "60",            "wait" },
        { "completed, conclusion not yet there",               "ci:push completed",                                              "60",            "wait" },
        { "a red one doesn't end it while another runs",       "ci:push failure own, lint:push in_progress",                     "60",            "wait" },
        { "a green one neither",                               "ci:push success, lint:push queued",                              "600",           "wait" },
        { "a conclusion that GitHub invents later",            "ci:push perplexed",                                              "60",            "wait" },
        { "still at work after Ci:Timeout",                    "ci:push in_progress",                                            "7200",          "ci_timeout" },
        { "re-run in progress after a red first try",          "ci:push in_progress #2",                                         "60",            "wait" },

        // 2. Failed.
        { "a test failed",                                     "ci:push failure own",                                            "60",            "red ci" },
        { "a test failed, at once",                            "ci:push failure own",                                            "1",             "red ci" },
        { "one of two workflows failed",                       "ci:push success, lint:push failure own",                         "60",            "red lint" },
        { "the same workflow, push green, pull request red",   "ci:push success, ci:pull_request failure own",                   "60",            "red ci" },
        { "both failed",                                       "ci:push failure own, lint:push failure own",                     "60",            "red ci lint" },
        { "one job of a matrix failed, others cancelled",      "ci:push failure own stopped ok",                                 "60",            "red ci" },
        { "a step hung until the time-out",                    "ci:push timed_out hung",                                         "60",            "red ci" },
        { "red beats cancelled",                               "ci:push cancelled stopped, lint:push failure own",               "60",            "red lint" },
        { "red beats action_required",                         "ci:pull_request action_required, lint:push failure own",         "60",            "red lint" },
        { "red beats a lost runner",                           "ci:push failure lost, lint:push failure own",                    "60 rerun",      "red lint" },
        { "a lost job beside a failed test, one run",          "ci:push failure lost own",                                       "60 rerun",      "red ci" },
        { "red again when run again",                          "ci:push failure own #2",                                         "60",            "red ci" },
        { "red, run again, now green",                         "ci:push success #2",                                             "60",            "green" },
        { "an older run was red, the newer is green",          "ci:push failure own, ci:push success",                           "60",            "green" },
        { "an older run was green, the newer is red",          "ci:push success, ci:push failure own",                           "60",            "red ci" },

        // 2. CI's own fault.
        { "set-up step failed, may re-run",                    "ci:push failure setup",                                          "60 rerun",      "own_fault ci" },
        { "set-up step failed, may not",                       "ci:push failure setup",                                          "60",            "ci_infrastructure" },
        { "set-up step failed twice",                          "ci:push failure setup #2",                                       "60 rerun",      "ci_infrastructure" },
        { "runner lost",                                       "ci:push failure lost",                                           "60 rerun",      "own_fault ci" },
        { "no runner was ever assigned",                       "ci:push failure norunner",                                       "60 rerun",      "own_fault ci" },
        { "timed out before an own step",                      "ci:push timed_out norunner",                                     "60 rerun",      "own_fault ci" },
        { "CI's own fault beside a green workflow",            "ci:push success, lint:push failure lost",                        "60 rerun",      "own_fault lint" },
        { "own fault goes before cancelled",                   "ci:push cancelled stopped, lint:push failure lost",              "60 rerun",      "own_fault lint" },

        // 3. startup_failure.
        { "broken workflow file, the task's",                  "ci:push startup_failure -",                                      "60 touched",    "red ci" },
        { "startup failure, not the task's",                   "ci:push startup_failure -",                                      "60 rerun",      "own_fault ci" },
        { "startup failure again",                             "ci:push startup_failure - #2",                                   "60 rerun",      "ci_infrastructure" },
        { "failure without any job, the task's file",          "ci:push failure -",                                              "60 touched",    "red ci" },
        { "failure without any job, somebody else's",          "ci:push failure -",                                              "60",            "ci_infrastructure" },
        { "a touched workflow doesn't make a lost runner red", "ci:push failure lost",                                           "60 touched rerun", "own_fault ci" },

        // 4. Cancelled.
        { "cancelled by a person",                             "ci:push cancelled stopped",                                      "60",            "ci_cancelled" },
        { "cancelled before it got a runner",                  "ci:push cancelled norunner",                                     "60 rerun",      "ci_cancelled" },
        { "cancelled, the pull request's run succeeded",       "ci:push cancelled stopped, ci:pull_request success",             "60",            "green" },
        { "cancelled, an earlier run of it succeeded",         "ci:push success, ci:push cancelled stopped",                     "60",            "green" },
        { "cancelled, only another workflow succeeded",        "ci:push cancelled stopped, lint:push success",                   "60",            "ci_cancelled" },
        { "a lost runner shown as cancelled",                  "ci:push cancelled lost",                                         "60 rerun",      "own_fault ci" },
        { "a lost runner shown as cancelled, again",           "ci:push cancelled lost #2",                                      "60 rerun",      "ci_infrastructure" },
        { "stale",                                             "ci:push stale -",                                                "60",            "ci_cancelled" },
        { "stale, but succeeded elsewhere",                    "ci:push stale -, ci:pull_request success",                       "60",            "green" },
        { "cancelled goes before action_required",             "ci:push cancelled stopped, lint:pull_request action_required",   "60",            "ci_cancelled" },

        // 5. Approval.
        { "a first contribution waits for approval",           "ci:pull_request action_required",                                "60",            "ci_action_required" },
        { "approval missing beside a green run",               "ci:push success, ci:pull_request action_required",               "60",            "ci_action_required" },

        // 6. Green.
        { "green",                                             "ci:push success",                                                "60",            "green" },
        { "green too early",                                   "ci:push success",                                                "29",            "wait 30" },
        { "green just now settled",                            "ci:push success",                                                "30",            "green" },
        { "green beside skipped and neutral",                  "ci:push success, lint:push skipped, docs:push neutral",          "60",            "green" },
        { "green long after Ci:Timeout",                       "ci:push success",                                                "9000",          "green" },
        { "many green ones",                                   "a:push success, b:push success, c:pull_request success",         "60",            "green" },
        { "green without workflow files (an organisation's)",  "ci:push success",                                                "60 none",       "green" },

        // 7. Nothing says anything.
        { "nothing yet",                                       "",                                                               "299",           "wait 300" },
        { "nothing within Ci:StartTimeout",                    "",                                                               "300",           "ci_not_started" },
        { "no workflows: at once",                             "",                                                               "0 none",        "ci_not_started" },
        { "only skipped",                                      "ci:push skipped",                                                "60",            "ci_not_started" },
        { "only skipped, another may come",                    "ci:push skipped",                                                "5",             "wait 30" },
        { "skipped and neutral",                               "ci:push skipped, lint:push neutral",                             "60",            "ci_not_started" },
    };

    [Theory, MemberData(nameof(Situations))]
    public void Runs_give_the_verdict(string situation, string runs, string facts, string verdict)
    {
        var words = facts.Split(' ');
        var context = new CiContext(
            Pushed.AddSeconds(int.Parse(words[0])), Pushed, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromHours(2),
            HasWorkflows: !words.Contains("none"), TouchedWorkflows: words.Contains("touched"), MayRerun: words.Contains("rerun"));
        var given = runs.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(Run).ToList();

        var said = CiVerdict.Of(given, context) switch
        {
            CiVerdict.Wait { Until: { } until } when until == Pushed.AddHours(2) => "wait",
            CiVerdict.Wait wait => $"wait {(wait.Until - Pushed)?.TotalSeconds:0}",
            CiVerdict.Green => "green",
            CiVerdict.Red red => $"red {string.Join(' ', red.Deciding.Select(run => run.Name))}",
            CiVerdict.OwnFault fault => $"own_fault {string.Join(' ', fault.Deciding.Select(run => run.Name))}",
            CiVerdict.Stopped stopped => stopped.Code,
            var other => other.ToString(),
        };

        Assert.True(verdict == said, $"{situation}: {said}, not {verdict}");
    }

    [Fact]
    public void The_order_of_the_listing_changes_nothing()
    {
        var runs = new[] { Run("ci:push failure own", 0), Run("ci:push success", 1), Run("lint:push success", 2) };
        var context = new CiContext(Pushed.AddMinutes(1), Pushed, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromHours(2));

        Assert.IsType<CiVerdict.Green>(CiVerdict.Of(runs, context));
        Assert.IsType<CiVerdict.Green>(CiVerdict.Of([.. runs.Reverse()], context));
    }

    private static WorkflowRun Run(string text, int index)
    {
        var words = text.Split(' ');
        var (workflow, kind) = (words[0].Split(':')[0], words[0].Split(':')[1]);
        var working = words[1] is "queued" or "in_progress" or "waiting" or "pending" or "requested";
        var attempt = words.FirstOrDefault(word => word[0] == '#') is { } number ? int.Parse(number[1..]) : 1;
        return new WorkflowRun(
            5_000_000_000 + index, workflow.Aggregate(7L, (id, c) => (id * 31) + c), workflow, kind,
            working ? words[1] : "completed", working || words[1] is "completed" ? null : words[1],
            attempt, Pushed.AddSeconds(index), $"https://github.com/o/r/actions/runs/{index}",
            [.. words.Skip(2).Where(word => word[0] is not ('#' or '-')).Select(Job)]);
    }

    private static WorkflowJob Job(string kind)
    {
        WorkflowStep setUp = new(1, "Set up job", "completed", "success");
        WorkflowStep test(string status, string? conclusion) => new(2, "Run npm test", status, conclusion);
        return kind switch
        {
            "ok" => new(1, "ok", "completed", "success", true, null, [setUp, test("completed", "success")]),
            "own" => new(1, "own", "completed", "failure", true, null, [setUp, test("completed", "failure"), new(3, "Post Run actions/checkout@v4", "completed", "success")]),
            "setup" => new(1, "setup", "completed", "failure", true, null, [setUp with { Conclusion = "failure" }, test("completed", "skipped")]),
            "lost" => new(1, "lost", "completed", "failure", true, null, [setUp, test("in_progress", null)]),
            "norunner" => new(1, "norunner", "completed", "failure", false, null, []),
            "hung" => new(1, "hung", "completed", "timed_out", true, null, [setUp, test("completed", "cancelled")]),
            "stopped" => new(1, "stopped", "completed", "cancelled", true, null, [setUp, test("completed", "cancelled"), new(3, "Complete job", "completed", "success")]),
            _ => throw new ArgumentException(kind),
        };
    }
}
